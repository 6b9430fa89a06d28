import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; its exit code is part of the answer, never an error. */
export async function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...text };
}

export function zkferry(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return run(process.execPath, ['--enable-source-maps', main, ...words], env);
}

/** A verb that stays: `lab up`. Ready once its standard output is one whole JSON value. */
export class StayingVerb<T> {
  private constructor(
    readonly child: ChildProcess,
    readonly json: T,
  ) {}

  static async start<T>(words: readonly string[], patienceMs = 120_000): Promise<StayingVerb<T>> {
    const child = spawn(process.execPath, ['--enable-source-maps', main, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let notes = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (notes += chunk));
    const timer = setTimeout(() => child.kill('SIGTERM'), patienceMs);
    try {
      let text = '';
      for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
        text += String(chunk);
        const json = parsed<T>(text);
        if (json !== undefined) return new StayingVerb(child, json);
      }
      throw new Error(`zkferry ${words.join(' ')} ended without an answer: ${notes}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** As Ctrl-C does. @returns the exit code */
  async interrupt(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGINT');
    await ended;
    return this.child.exitCode;
  }
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
