import type { ClaimRecord, Span } from './evidence.js';

/** S8: over this the samples prove nothing. */
export const LARGEST_PROVING_GAP_MS = 300;

/** A master that could answer nobody, because a fault had stopped its process: it cannot have begun to lead, either. */
export interface Silence extends Span {
  readonly master: string;
}

/** Longest stretch, in ms, in which a process could have claimed to lead without any sample seeing it, silences apart. */
export function largestGapMs(claims: readonly ClaimRecord[], range: Span, silences: readonly Span[] = []): number {
  return Math.max(0, ...outside(range, silences).map((span) => largestGapIn(claims, span)));
}

function outside({ from, to }: Span, silences: readonly Span[]): Span[] {
  const spans: Span[] = [];
  let begin = from;
  for (const silence of [...silences].sort((a, b) => a.from - b.from)) {
    if (silence.from > begin) spans.push({ from: begin, to: Math.min(silence.from, to) });
    begin = Math.max(begin, silence.to);
    if (begin >= to) return spans;
  }
  return [...spans, { from: begin, to }];
}

/**
 * A read tells the truth of one unknown instant between its begin and its end, so the blind stretch
 * between two neighbours lasts at most from the begin of the first to the end of the second. A refused
 * connection is a sample (nobody is there to claim), a time-out is none.
 */
function largestGapIn(claims: readonly ClaimRecord[], { from, to }: Span): number {
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
