import { spawn } from 'node:child_process';
import { fetch } from 'undici';
import type { CommandEnd, Heard, HookRunner, WebhookAnswer } from '../ports/hook-runner.js';

/** Bytes that are listened to; far more than is shown, for secrets are found in whole only. */
const LONGEST_HEARD = 65_536;
const NOTHING: Heard = { text: '', breaksOff: false };
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/** Hooks as processes of this host and as HTTP requests from it. */
export class RealHookRunner implements HookRunner {
  /** @param runsCommands false where those who may start a migration may not run programs on this host */
  constructor(private readonly runsCommands: boolean) {}

  /** In a process group of its own, so that what it has started ends with it. */
  async command(
    argv: readonly string[],
    given: { readonly environment: Readonly<Record<string, string>>; readonly stdin: string },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<CommandEnd> {
    if (!this.runsCommands)
      return {
        code: null,
        problem: 'this worker runs no commands: it was started without --hook-commands',
        output: NOTHING,
      };
    const [program = '', ...rest] = argv;
    const kept = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
    const env = { ...(Object.fromEntries(kept) as Record<string, string>), ...given.environment };
    return new Promise((resolve) => {
      const child = spawn(program, rest, { cwd: '/', env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
      const ear = new Ear();
      const hear = (chunk: Buffer): void => void ear.hear(chunk);
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      // One that does not read what it is told is free to.
      child.stdin.on('error', () => undefined);
      child.stdin.end(given.stdin);
      const kill = (): void => {
        if (child.pid === undefined) return;
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      };
      let ended = false;
      const end = (code: number | null, problem: string | null): void => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        signal.removeEventListener('abort', cancelled);
        kill();
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        resolve({ code, problem, output: ear.heard });
      };
      const timer = setTimeout(() => end(null, `it took longer than ${String(timeoutMs / 1000)} s`), timeoutMs);
      const cancelled = (): void => end(null, 'nobody waits for it any more');
      signal.addEventListener('abort', cancelled);
      if (signal.aborted) cancelled();
      child.on('error', (error) => end(null, `it cannot be run: ${error.message}`));
      // What it printed last may come after its end; what goes on in the background does not hold us.
      child.on('exit', (code, by) => {
        setTimeout(() => end(code, code === null ? `it was ended by ${by ?? 'a signal'}` : null), LAST_WORDS_MS);
      });
      child.on('close', (code, by) => end(code, code === null ? `it was ended by ${by ?? 'a signal'}` : null));
    });
  }

  async post(
    url: string,
    given: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<WebhookAnswer> {
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...given.headers },
        body: given.body,
        // Elsewhere the headers may be nobody's business.
        redirect: 'manual',
        signal: AbortSignal.any([late, signal]),
      });
      return { status: response.status, problem: null, body: await firstOf(response.body) };
    } catch (error) {
      if (late.aborted)
        return { status: null, problem: `no answer within ${String(timeoutMs / 1000)} s`, body: NOTHING };
      const cause = (error as Error).cause;
      return {
        status: null,
        problem: cause instanceof Error ? cause.message : (error as Error).message,
        body: NOTHING,
      };
    }
  }
}

const LAST_WORDS_MS = 200;

async function firstOf(body: AsyncIterable<Uint8Array> | null): Promise<Heard> {
  const ear = new Ear();
  for await (const chunk of body ?? []) {
    if (!ear.hear(chunk)) break;
  }
  return ear.heard;
}

class Ear {
  readonly #chunks: Uint8Array[] = [];
  #left = LONGEST_HEARD;
  #breaksOff = false;

  /** @returns whether it still listens. */
  hear(chunk: Uint8Array): boolean {
    if (this.#left > 0) this.#chunks.push(chunk.subarray(0, this.#left));
    this.#breaksOff ||= chunk.length > this.#left;
    this.#left = Math.max(0, this.#left - chunk.length);
    return !this.#breaksOff;
  }

  get heard(): Heard {
    return { text: Buffer.concat(this.#chunks).toString('utf8'), breaksOff: this.#breaksOff };
  }
}
