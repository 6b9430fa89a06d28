import type { ClaimRun } from './claim-runs.js';
import type { Span } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';

export interface LeadersAtOnce {
  /** Most processes that provably led at one instant. */
  readonly max: number;
  /** Total time with two or more. */
  readonly overlapMs: number;
  /** The processes of the worst instant, for people. */
  readonly who: readonly string[];
  readonly overlaps: readonly Overlap[];
}

/** A stretch in which the same processes led, two or more of them. */
export interface Overlap extends Span {
  readonly masters: readonly string[];
}

interface Reign extends Span {
  readonly process: string;
  readonly master: string;
}

type Known = Pick<ClaimRun, 'master' | 'pid'>;

/**
 * Counts leaders at one instant, from journals and claims together: a process may be known by one
 * of them only. Intervals are half open, so one that begins as another ends is no overlap.
 */
export function leadersAtOnce(intervals: readonly LeadingInterval[], runs: readonly ClaimRun[]): LeadersAtOnce {
  const reigns: Reign[] = intervals.map((known) => ({ ...known, process: nameOf(known) }));
  for (const run of runs) if (run.sure) reigns.push({ ...run.sure, master: run.master, process: nameOf(run) });
  let worst = sweep(reigns);
  for (const run of runs) {
    const self = nameOf(run);
    const rivals = reigns.filter((reign) => reign.process !== self);
    for (const { begin, end } of run.claims) {
      const around = new Set(rivals.filter((reign) => reign.from <= begin && end <= reign.to).map((r) => r.process));
      if (around.size + 1 > worst.max) worst = { ...worst, max: around.size + 1, who: [self, ...around] };
    }
  }
  return worst;
}

/** One process, one name, wherever it is known from. */
function nameOf({ master, pid }: Known): string {
  return pid === null ? `${master}, process unknown` : `${master}, pid ${pid}`;
}

function sweep(reigns: readonly Reign[]): LeadersAtOnce {
  const instants = [...new Set(reigns.flatMap((reign) => [reign.from, reign.to]))].sort((a, b) => a - b);
  let max = 0;
  let overlapMs = 0;
  let who: string[] = [];
  const overlaps: Overlap[] = [];
  instants.forEach((from, index) => {
    const to = instants[index + 1] ?? from;
    const there = reigns.filter((r) => r.from <= from && (from < r.to || (r.from === r.to && r.from === from)));
    const leading = new Set(there.map((r) => r.process));
    if (leading.size > max) {
      max = leading.size;
      who = [...leading];
    }
    if (leading.size < 2) return;
    overlapMs += to - from;
    overlaps.push({ from, to, masters: [...new Set(there.map((r) => r.master))] });
  });
  return { max, overlapMs, who, overlaps };
}
