import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CodeBlock, readPage } from './markdown.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A page whose named shell blocks are carried out as they stand. */
export class RunnablePage {
  readonly #blocks: ReadonlyMap<string, CodeBlock>;
  readonly #left: Set<string>;

  constructor(
    path: string,
    private readonly cwd: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    const blocks = readPage(path).blocks.filter(({ language }) => language === 'sh');
    this.#blocks = new Map(blocks.map((block) => [block.name, block]));
    assert.equal(this.#blocks.size, blocks.length, `each block of ${path} has a name of its own`);
    assert.ok(!this.#blocks.has(''), `each block of ${path} has a name`);
    this.#left = new Set(this.#blocks.keys());
  }

  /** Runs one block with `sh -eu`. */
  async run(name: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const block = this.#blocks.get(name);
    assert.ok(block, `there is no block ${name}`);
    this.#left.delete(name);
    const child = spawn('sh', ['-eu', '-c', block.text], {
      cwd: this.cwd,
      env: { ...process.env, ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...text };
  }

  /** As `run`, and the block has to succeed. @returns what it printed */
  async do(name: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(name, env);
    assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Names of blocks that were not run. */
  get left(): string[] {
    return [...this.#left];
  }
}
