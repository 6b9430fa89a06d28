import { existsSync } from 'node:fs';
import { stamp } from '../contract.js';
import { raisePriority } from '../raise-priority.js';
import { RecordFile } from './record-file.js';

export interface Watch {
  /** File name of the heartbeat and name in the records. */
  readonly watcher: string;
  readonly dir: string;
  /** When this file is gone the lab is, and so goes the watcher. */
  readonly labFile: string;
  /** Takes all samples that are due; `index` counts the calls. */
  readonly tick: (index: number) => void;
  readonly periodMs: number;
  readonly stop: () => Promise<void>;
}

/**
 * Runs a watcher until SIGTERM or SIGINT, a closed parent or the end of the lab, with one heartbeat a second; the last
 * one says `stopped`. Exits the process with 0 then.
 */
export function keepWatch({ watcher, dir, labFile, tick, periodMs, stop }: Watch): void {
  const heartbeat = new RecordFile(dir, `heartbeat-${watcher}`);
  const beat = (event: 'started' | 'alive' | 'stopped', when = stamp()) =>
    heartbeat.append({ ...when, kind: 'heartbeat', watcher, pid: process.pid, event });
  // A watcher that waits for a processor leaves gaps.
  raisePriority(-20);
  let index = 0;
  const ticking = setInterval(() => tick(index++), periodMs);
  const beating = setInterval(() => {
    if (existsSync(labFile)) beat('alive');
    else end();
  }, 1_000);
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    // The watch ends here, although saying goodbye to the servers may take a while.
    const when = stamp();
    clearInterval(ticking);
    clearInterval(beating);
    void stop().finally(() => {
      beat('stopped', when);
      heartbeat.close();
      process.exit(0);
    });
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('disconnect', end);
  beat('started');
}
