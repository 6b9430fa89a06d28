import type { Evidence, Span, ZnodeRecord } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';
import type { Life } from './lives.js';

/**
 * Longest stretch, in ms, in which one server's lowest contender named a process that was dead or did
 * not lead (S7). Two cases are no ghosts: a process before its own election (the contender
 * stands before the detector tells it that it leads), and a process that leads.
 */
export function longestGhostMs(
  evidence: Evidence,
  intervals: readonly LeadingInterval[],
  lives: ReadonlyMap<string, Life>,
  range: Span,
): number {
  let longest = 0;
  for (const records of evidence.znodes.values()) {
    let since: number | null = null;
    for (const record of records) {
      if (record.begin < range.from || record.end > range.to) continue;
      if (!isGhost(record, intervals, lives)) since = null;
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
  lives: ReadonlyMap<string, Life>,
): boolean {
  if (leader === null) return false;
  const own = intervals.filter((interval) => interval.id === leader.id);
  if (own.some((interval) => interval.from <= end && begin <= interval.to)) return false;
  const died = lives.get(leader.id)?.to ?? Infinity;
  const willLead = own.some((interval) => interval.from > end);
  return !willLead && (own.length > 0 || died === Infinity || died < begin);
}
