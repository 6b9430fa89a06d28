import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FerryError } from '../../src/domain/errors.js';
import { labTag } from '../hosts/processes.js';

/** The watchers of a lab ended by themselves, or did not start. */
export class WatchersGoneError extends FerryError {
  readonly code = 'FERRY_LAB_WATCHERS';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(log: string, how: string) {
    super(`the watchers ended: ${how}`);
    this.remedy = `read ${log}`;
  }
}

export interface Watchers {
  readonly pid: number;
  /** Lets them write what they have, then waits for their end. */
  stop(): Promise<void>;
}

/** Starts the watchers as a process of their own; they know only `lab.json`. */
export async function startWatchers(dir: string): Promise<Watchers> {
  const program = fileURLToPath(new URL('../watchers/main.js', import.meta.url));
  const folder = join(dir, 'watchers');
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, 'watchers.log');
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=128', '--enable-source-maps', program, '--lab', join(dir, 'lab.json')],
    {
      env: { ...process.env, [labTag]: dir },
      stdio: ['ignore', log, log],
      // an interrupt at the terminal is for the lab, which ends the watchers in order
      detached: true,
    },
  );
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit status ${String(code)}`);
    });
  });
  await new Promise<void>((resolve) => {
    child.once('spawn', resolve);
    child.once('error', () => {
      resolve();
    });
  });
  if (child.pid === undefined) throw new WatchersGoneError(logFile, await ended);
  return {
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}
