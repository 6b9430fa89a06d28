import { existsSync, readFileSync } from 'node:fs';
import { row } from './table.js';

/** Where the crashes in the window are recorded, one JSON object a line, from the repository's root. */
export const CRASH_RECORD = 'test/long/window-crashes-record.jsonl';

/** A pair of windows of the same lab, one of them without its deciding worker `afterMs` after it was opened. */
export interface CrashPair {
  readonly afterMs: number;
  readonly aloneMs: number;
  readonly killedMs: number;
}

/** Coordination and leaderless times as the watchers saw them, ms. */
export type CrashFound =
  | { readonly kind: 'worker'; readonly pairs: readonly CrashPair[]; readonly medianGrowthMs: number }
  | {
      readonly kind: 'temporal';
      readonly downMs: number;
      readonly outcome: 'done' | 'undone';
      readonly leaderlessMs: number;
      readonly budgetMs: number;
    };

export type CrashRecord = CrashFound & {
  readonly at: string;
  readonly commit: string;
  readonly machine: string;
};

/** None where there is no such file. */
export function readCrashRecords(path: string): CrashRecord[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as CrashRecord);
}

/** A section of docs/reliability.md. */
export function crashesSection(records: readonly CrashRecord[]): string {
  const rows = records.map((one) =>
    row([
      one.kind === 'worker' ? 'a worker, a second one up' : 'the Temporal server',
      told(one),
      `\`${one.commit.slice(0, 12)}\``,
    ]),
  );
  return [
    '## SIGKILL in the middle of the window',
    '',
    'Measured by `test/long/window-crashes.test.ts`, with the watchers’ figures.',
    '',
    '| killed | what came of it | commit |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function told(one: CrashFound): string {
  if (one.kind === 'temporal') {
    return `down for ${one.downMs} ms: ${one.outcome}, ${one.leaderlessMs} ms without a leader of a budget of ${one.budgetMs} ms`;
  }
  const pairs = one.pairs.map(({ aloneMs, killedMs, afterMs }) => `${aloneMs} → ${killedMs} (killed at ${afterMs})`);
  return `coordination grows by ${one.medianGrowthMs} ms (median of ${one.pairs.length}); ms: ${pairs.join(', ')}`;
}
