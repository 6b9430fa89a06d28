import { readRecords } from '../judge-lab.js';
import { sortEvidence, type Span } from '../judge/evidence.js';
import { leadingIntervals } from '../judge/leading-intervals.js';
import type { JournalRecord, LabJson, WatchRecord } from '../contract.js';

/** Stretches between two leaders, by the masters' journals; monotonic ms. */
export async function leaderlessStretches(lab: LabJson): Promise<Span[]> {
  const journal = await readRecords<JournalRecord>(lab.journalDir);
  const evidence = sortEvidence(journal, [] as WatchRecord[]);
  return between(leadingIntervals(evidence, Math.max(...journal.map(({ mono }) => mono))));
}

/** The gaps that these intervals leave, between the first begin and the last end. */
export function between(intervals: readonly Span[]): Span[] {
  const gaps: Span[] = [];
  let until: number | null = null;
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    if (until !== null && from > until) gaps.push({ from: until, to: from });
    until = Math.max(until ?? to, to);
  }
  return gaps;
}
