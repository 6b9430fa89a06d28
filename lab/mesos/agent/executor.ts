import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTicksOf } from './process-table.js';

const POLL_MS = 20;
const REAP_MS = 500;

export interface ExecutorStart {
  readonly fifo: string;
  readonly sandbox: string;
  readonly checkpoint: boolean;
  readonly recoveryTimeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * An executor process with its one task. It runs in its own session, so it outlives the agent, and it
 * learns of the agent's end through a FIFO whose only writer is the agent (`lab/mesos/task.sh`).
 */
export class Executor {
  private writer: number | null = null;
  private ended = false;
  private reaper: NodeJS.Timeout | null = null;

  private constructor(
    readonly pid: number,
    readonly startTicks: number,
    private readonly fifo: string,
    private readonly onTerminated: () => void,
  ) {}

  static start(start: ExecutorStart, onTerminated: () => void): Executor {
    mkdirSync(start.sandbox, { recursive: true });
    const out = openSync(join(start.sandbox, 'stdout'), 'a');
    const args = [taskScript(), start.fifo, start.checkpoint ? '1' : '0', String(start.recoveryTimeoutMs / 1000)];
    const child = spawn('/bin/sh', args, {
      detached: true,
      stdio: ['ignore', out, out],
      cwd: start.sandbox,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...controlGroupMark(), ...start.env },
    });
    closeSync(out);
    child.unref();
    const pid = child.pid ?? 0;
    const executor = new Executor(pid, startTicksOf(pid) ?? 0, start.fifo, onTerminated);
    child.once('exit', () => executor.end());
    child.once('error', () => executor.end());
    return executor;
  }

  /** Takes up an executor that an earlier agent process started. */
  static recover(run: { pid: number; startTicks: number; fifo: string }, onTerminated: () => void): Executor {
    const executor = new Executor(run.pid, run.startTicks, run.fifo, onTerminated);
    executor.reap(REAP_MS);
    return executor;
  }

  get connected(): boolean {
    return this.writer !== null;
  }

  runs(): boolean {
    return !this.ended && this.pid > 0 && startTicksOf(this.pid) === this.startTicks;
  }

  /** Waits until the executor reads from its FIFO, which is its (re-)registration. */
  async connect(limitMs: number): Promise<boolean> {
    const until = performance.now() + limitMs;
    while (!this.ended && this.writer === null) {
      try {
        this.writer = openSync(this.fifo, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch {
        if (performance.now() > until) break;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }
    return this.writer !== null;
  }

  /** Lets go of the executor as the agent's death would. */
  abandon(): void {
    if (this.writer !== null) closeSync(this.writer);
    this.writer = null;
  }

  kill(): void {
    if (!this.runs()) {
      this.end();
      return;
    }
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      this.end();
    }
    // A recovered executor is no child of ours: nobody tells us of its end.
    this.reap(POLL_MS);
  }

  private reap(everyMs: number): void {
    if (this.reaper !== null) clearInterval(this.reaper);
    this.reaper = setInterval(() => {
      if (!this.runs()) this.end();
    }, everyMs);
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.reaper !== null) clearInterval(this.reaper);
    this.abandon();
    this.onTerminated();
  }
}

/** The lab's supervisor knows a unit's processes by what they inherit; an executor is one of them. */
function controlGroupMark(): Record<string, string> {
  const names = ['ZKFERRY_LAB_HOST', 'ZKFERRY_LAB_UNIT'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function taskScript(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir);
  return join(dir, 'lab', 'mesos', 'task.sh');
}
