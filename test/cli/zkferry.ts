import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Ended, zkferry as run } from '../long/zkferry-cli.js';

export type { Ended };

/** The CLI without a terminal, to its end, in no colours. A variable that is undefined is taken away. */
export function zkferry(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return run(words, { NO_COLOR: '1', ...env });
}

/** Tells a process to end and waits until it has. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
