import type { ClaimRecord, Evidence, Span } from './evidence.js';

/**
 * A stretch in which one process claimed to lead in every read, and its proof by reads alone (S8): a
 * process never leads, stops and leads again (it exits when it concedes, Mesos
 * `src/master/master.cpp`), so it led from the end of the first read to the begin of the last one.
 */
export interface ClaimRun {
  readonly master: string;
  readonly pid: number | null;
  readonly claims: readonly ClaimRecord[];
  /** Null when the reads prove no stretch, only single instants. */
  readonly sure: Span | null;
}

/** A claim by an unidentified process stands alone: nothing says that the next is by the same one. */
export function claimRuns(evidence: Evidence): ClaimRun[] {
  const runs: ClaimRun[] = [];
  for (const [master, claims] of evidence.claims) {
    let current: ClaimRecord[] = [];
    const close = () => {
      if (current.length > 0) runs.push(asRun(master, current));
      current = [];
    };
    for (const claim of claims) {
      if (claim.elected === null) continue;
      const [first] = current;
      if (first && (claim.process === null || claim.process !== first.process)) close();
      if (claim.elected) current.push(claim);
      else close();
    }
    close();
  }
  return runs;
}

function asRun(master: string, claims: readonly ClaimRecord[]): ClaimRun {
  const from = Math.min(...bounds(claims, 'end'));
  const to = Math.max(...bounds(claims, 'begin'));
  return { master, pid: claims[0]?.process ?? null, claims, sure: to > from ? { from, to } : null };
}

/** Reads of one stream may overlap each other, but only neighbours do: the ends of the list are enough. */
function bounds(claims: readonly ClaimRecord[], key: 'begin' | 'end'): number[] {
  const edge = key === 'end' ? claims.slice(0, 16) : claims.slice(-16);
  return edge.map((claim) => claim[key]);
}
