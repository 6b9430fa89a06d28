import Table from 'cli-table3';
import type { RunRecord } from './run-record.js';

/** Numbers for people: counts, faults by kind and end, windows, losses. */
export function summary(records: readonly RunRecord[]): string {
  const count = (judgement: RunRecord['judgement']) => records.filter((run) => run.judgement === judgement).length;
  const verdicts = records.flatMap(({ verdicts: seen }) => (seen === null ? [] : [seen]));
  const opened = records.filter(({ window }) => (window?.openedAt ?? null) !== null);
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const beyond = records.map(({ verdicts: seen, nativeOverlapMs }) =>
    Math.max(0, (seen?.overlapMs ?? 0) - (nativeOverlapMs ?? 0)),
  );
  const cutOff = opened.filter(({ cutOffBy }) => cutOffBy !== null);
  const lines = [
    `runs            ${records.length}: ${count('passed')} passed, ${count('failed')} failed, ${count('unproved')} not proved`,
    `ends            ${tally(records.map(({ end }) => end))}`,
    `leaders at once ${Math.max(0, ...verdicts.map(({ leadersAtOnceMax }) => leadersAtOnceMax))} at most; beyond the native overlap ${Math.round(sum(beyond))} ms`,
    `lost            ${sum(verdicts.map(({ agentsLost }) => agentsLost.length))} agents, ${sum(verdicts.map(({ tasksLost }) => tasksLost.length))} tasks, ${sum(verdicts.map(({ frameworksLost }) => frameworksLost.length))} frameworks beyond what faults declare`,
    `windows         ${opened.length} opened, ${cutOff.length} cut off by the fault itself`,
    `leaderless      ${quantiles(verdicts.map(({ leaderlessMs }) => leaderlessMs))}`,
    `coordination    ${quantiles(verdicts.map(({ coordinationMs }) => coordinationMs))}`,
  ];
  return `${faultTable(records)}\n${lines.join('\n')}`;
}

/** p50, p95 and maximum of what was measured. */
export function quantiles(measured: readonly (number | null)[]): string {
  const sorted = measured.filter((ms) => ms !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return 'never measured';
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return `p50 ${Math.round(at(0.5))} ms, p95 ${Math.round(at(0.95))} ms, max ${Math.round(at(1))} ms in ${sorted.length} runs`;
}

/** Each kind of fault that was put: how often, in which phases, how its runs ended. */
function faultTable(records: readonly RunRecord[]): string {
  const rows = new Map<string, { phases: string[]; ends: string[]; bad: number }>();
  for (const { faults, end, judgement } of records) {
    for (const { kind, hit } of faults) {
      const row = rows.get(kind) ?? { phases: [], ends: [], bad: 0 };
      rows.set(kind, row);
      row.phases.push(hit === null ? 'never' : hit.inWindow ? 'window' : hit.phase);
      row.ends.push(end);
      if (judgement !== 'passed') row.bad += 1;
    }
  }
  const table = new Table({ head: ['fault', 'hit in', 'ends', 'not passed'], style: { head: [], border: [] } });
  for (const [kind, { phases, ends, bad }] of [...rows].sort(([a], [b]) => a.localeCompare(b))) {
    table.push([kind, tally(phases), tally(ends), bad]);
  }
  return table.toString();
}

/** `3 window, 2 soak`: how often each word occurs, the most frequent first. */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, times]) => `${times} ${word}`)
    .join(', ');
}
