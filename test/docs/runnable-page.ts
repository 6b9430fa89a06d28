import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CodeBlock, readPage } from './markdown.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A page whose named shell blocks are carried out as they stand. A `text` block of the same name shows what one prints:
 * these lines in this order, perhaps with others between; `…` is anything.
 */
export class RunnablePage {
  readonly #blocks: ReadonlyMap<string, CodeBlock>;
  readonly #shown: ReadonlyMap<string, string>;
  readonly #left: Set<string>;

  constructor(
    path: string,
    private readonly cwd: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    const all = readPage(path).blocks;
    const blocks = all.filter(({ language }) => language === 'sh');
    this.#blocks = new Map(blocks.map((block) => [block.name, block]));
    this.#shown = new Map(all.filter(({ language }) => language === 'text').map(({ name, text }) => [name, text]));
    for (const name of this.#shown.keys()) assert.ok(this.#blocks.has(name), `${name}: nothing prints that`);
    assert.equal(this.#blocks.size, blocks.length, `each block of ${path} has a name of its own`);
    assert.ok(!this.#blocks.has(''), `each block of ${path} has a name`);
    this.#left = new Set(this.#blocks.keys());
  }

  /** Runs one block with `sh -eu`. */
  async run(name: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const block = this.#blocks.get(name);
    assert.ok(block, `there is no block ${name}`);
    this.#left.delete(name);
    return this.type(block.text, env);
  }

  /** Runs what stands nowhere on the page, as its blocks are run. */
  async type(commands: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const child = spawn('sh', ['-eu', '-c', commands], {
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

  /** As `run`; the block has to succeed, and to print what the page shows where it shows something. @returns what it printed */
  async do(name: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(name, env);
    assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
    const missing = firstMissing(this.#shown.get(name) ?? '', stdout);
    assert.equal(missing, null, `${name} prints\n${stdout}`);
    return stdout;
  }

  /** Names of blocks that were not run. */
  get left(): string[] {
    return [...this.#left];
  }
}

function firstMissing(shown: string, printed: string): string | null {
  const plain = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();
  const lines = printed.split('\n').map(plain);
  let at = 0;
  for (const wanted of shown.split('\n').map(plain)) {
    if (wanted === '' || wanted === '…') continue;
    const parts = wanted.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    const found = lines.findIndex((line, index) => index >= at && pattern.test(line));
    if (found < 0) return wanted;
    at = found + 1;
  }
  return null;
}
