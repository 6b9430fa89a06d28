import type { MasterJournalRecord } from '../contract.js';
import type { Evidence, Span, ZnodeRecord } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';

/**
 * Longest stretch, in ms, in which one server's lowest contender named a process that was dead or did
 * not lead (S7). Two cases are no ghosts: a process before its own election (the contender
 * stands before the detector tells it that it leads), and a process that leads.
 */
export function longestGhostMs(evidence: Evidence, intervals: readonly LeadingInterval[], range: Span): number {
  const deaths = deathsById(evidence);
  let longest = 0;
  for (const records of evidence.znodes.values()) {
    let since: number | null = null;
    for (const record of records) {
      if (record.begin < range.from || record.end > range.to) continue;
      if (!isGhost(record, intervals, deaths)) since = null;
      else {
        since ??= record.begin;
        longest = Math.max(longest, record.end - since);
      }
    }
  }
  return longest;
}

function isGhost(
  { leader, begin, end }: ZnodeRecord,
  intervals: readonly LeadingInterval[],
  deaths: ReadonlyMap<string, number>,
): boolean {
  if (leader === null) return false;
  const own = intervals.filter((interval) => interval.id === leader.id);
  if (own.some((interval) => interval.from <= end && begin <= interval.to)) return false;
  const died = deaths.get(leader.id);
  const willLead = own.some((interval) => interval.from > end);
  return !willLead && (own.length > 0 || died === undefined || died < begin);
}

/** MasterInfo id → when its process ended. */
function deathsById({ masters, supervisor }: Evidence): Map<string, number> {
  const deaths = new Map<string, number>();
  const note = (record: MasterJournalRecord, at: number) => {
    deaths.set(record.id, Math.min(at, deaths.get(record.id) ?? Infinity));
  };
  for (const record of masters) {
    if (record.event === 'exiting') note(record, record.mono);
    if (record.event !== 'started') continue;
    const exit = supervisor.find((s) => s.event === 'exit' && s.pid === record.pid && s.mono >= record.mono);
    if (exit) note(record, exit.mono);
  }
  return deaths;
}
