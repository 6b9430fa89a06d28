import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { temporalBinary } from '../../lab/temporal.js';
import { run, type Ended } from '../long/zkferry-cli.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** On a busy machine Temporal may not take a connection in time: then a person types the same again. */
const TRIES = 3;

/** A person at a terminal whose environment holds secrets, as the worker's does; all that is printed is kept. */
export class Operator {
  /** What was typed → all that came, by that and by nothing else. */
  readonly printed = new Map<string, string>();
  readonly #staying: { readonly line: string; readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

  constructor(private readonly environment: Readonly<Record<string, string>>) {}

  zkferry(...words: string[]): Promise<Ended> {
    return this.zkferryWith({}, ...words);
  }

  /** @param environment what is another one for this command alone */
  async zkferryWith(environment: Readonly<Record<string, string>>, ...words: string[]): Promise<Ended> {
    const env = { ...this.environment, ...environment };
    for (let again = TRIES; ; again -= 1) {
      const ended = await run(process.execPath, ['--enable-source-maps', main, ...words], env);
      this.#keep(`zkferry ${words.join(' ')}`, ended.stdout + ended.stderr);
      if (again <= 1 || !ended.stderr.includes('FERRY_TEMPORAL_UNREACHABLE')) return ended;
    }
  }

  /** Temporal's own command, without any of our secrets. */
  async temporal(...words: string[]): Promise<string> {
    const address = this.environment['TEMPORAL_ADDRESS'] ?? '';
    const { code, stdout, stderr } = await run(temporalBinary(), [...words, '--address', address]);
    if (code !== 0) throw new Error(`temporal ${words.join(' ')} failed: ${stderr}`);
    return stdout;
  }

  /** A command that stays, such as `watch`; it is ended by `stop`, or by itself. */
  stay(...words: string[]): ChildProcess {
    const child = spawn(process.execPath, ['--enable-source-maps', main, ...words], {
      env: { ...process.env, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const line = `zkferry ${words.join(' ')}`;
    for (const output of [child.stdout, child.stderr])
      output.setEncoding('utf8').on('data', (text: string) => this.#keep(line, text));
    this.#staying.push({ line, child, ended: once(child, 'close') });
    return child;
  }

  async stop(): Promise<void> {
    for (const { child } of this.#staying) child.kill('SIGTERM');
    await Promise.all(this.#staying.map(({ ended }) => ended));
  }

  #keep(line: string, text: string): void {
    this.printed.set(line, (this.printed.get(line) ?? '') + text);
  }
}
