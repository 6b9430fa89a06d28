import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FerryError } from '../../src/domain/errors.js';

/** A `zkferry worker` in a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Null when its clock cannot be shifted. */
  readonly clockFile: string | null;
  /** Returns once the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export class WorkerNotReadyError extends FerryError {
  readonly code = 'FERRY_WORKER_NOT_READY';
  readonly retryable = true;
  override readonly remedy = 'read its log';
}

/** Starts a worker against a Temporal server and returns once it polls. Its log lies in `dir`. */
export async function startWorker(options: {
  readonly dir: string;
  readonly temporal: string;
  /** Default `default`. */
  readonly namespace?: string;
  readonly name?: string;
  readonly patienceMs?: number;
  /** What to run; default: `zkferry worker`. It says `zkferry worker polls` once it does. */
  readonly command?: readonly string[];
  /** File with the ms by which the worker's wall clock is off, read all the time; see `shifted-clock.ts`. */
  readonly clockFile?: string;
  /** What it finds in its environment besides. */
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<WorkerProcess> {
  const logFile = join(options.dir, `${options.name ?? 'worker'}.log`);
  const log = openSync(logFile, 'a');
  const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
  const { command = [main, 'worker'], clockFile, environment = {} } = options;
  const clock = clockFile === undefined ? [] : [`--import=${new URL('shifted-clock.js', import.meta.url).href}`];
  const child = spawn(process.execPath, ['--enable-source-maps', ...clock, ...command], {
    cwd: options.dir,
    env: {
      ...process.env,
      ...environment,
      TEMPORAL_ADDRESS: options.temporal,
      TEMPORAL_NAMESPACE: options.namespace ?? 'default',
      ...(clockFile === undefined ? {} : { ZKFERRY_LAB_CLOCK_FILE: clockFile }),
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = once(child, 'exit');
  const end = Date.now() + (options.patienceMs ?? 60_000);
  while (!readFileSync(logFile, 'utf8').includes('zkferry worker polls')) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > end) {
      child.kill('SIGKILL');
      throw new WorkerNotReadyError(
        `the worker does not poll; its log ends with: ${readFileSync(logFile, 'utf8').slice(-500)}`,
      );
    }
    await delay(50);
  }
  return {
    pid: child.pid ?? 0,
    logFile,
    clockFile: clockFile ?? null,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(timer);
    },
  };
}
