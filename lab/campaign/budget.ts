import type { Span } from '../judge/evidence.js';
import type { FaultRecord } from './injector.js';

/** A stretch without a leader that was longer than the budget. */
export interface Excess {
  readonly ms: number;
  /** Kind of the fault that itself kept everything from being started meanwhile (S1); null = nothing excuses it. */
  readonly cutOffBy: string | null;
}

/**
 * Promise 3 over the whole run, inside the window and outside it.
 *
 * @param gaps stretches without a leader, ms since the epoch
 * @param cutsOff whether faults of a kind keep everything from being started
 */
export function excesses(
  gaps: readonly Span[],
  budgetMs: number,
  faults: readonly FaultRecord[],
  cutsOff: (kind: string) => boolean,
): Excess[] {
  return gaps
    .filter(({ from, to }) => to - from > budgetMs)
    .map(({ from, to }) => {
      const during = faults.find(
        ({ kind, hit, healedAt }) => cutsOff(kind) && hit !== null && hit.at < to && (healedAt ?? Infinity) > from,
      );
      return { ms: Math.round(to - from), cutOffBy: during?.kind ?? null };
    });
}
