import type { ClaimRecord, Span } from './evidence.js';

/** S8: over this the samples prove nothing. */
export const LARGEST_PROVING_GAP_MS = 300;

/**
 * Longest stretch, in ms, in which a process could have claimed to lead without any sample seeing it.
 *
 * A read tells the truth of one unknown instant between its begin and its end, so the blind stretch
 * between two neighbours lasts at most from the begin of the first to the end of the second. A refused
 * connection is a sample (nobody is there to claim), a time-out is none.
 */
export function largestGapMs(claims: readonly ClaimRecord[], { from, to }: Span): number {
  const told = claims.filter((claim) => claim.answer !== 'silent').sort((a, b) => a.end - b.end);
  let largest = 0;
  let latestBegin = from;
  for (const { begin, end } of told) {
    if (end <= from) continue;
    largest = Math.max(largest, Math.min(end, to) - latestBegin);
    if (begin >= to) return largest;
    latestBegin = Math.max(latestBegin, begin);
  }
  return Math.max(largest, to - latestBegin);
}
