import type { Span } from '../judge/evidence.js';
import type { FaultRecord } from './injector.js';
import { SESSION_MS } from './session.js';

/** A stretch without a leader that was longer than the budget. */
export interface Excess {
  readonly ms: number;
  /** Kind of the fault that itself kept everything from being started for what is too much (S1); null = nothing did. */
  readonly cutOffBy: string | null;
}

/**
 * Promise 3 over the whole run, inside the window and outside it. A fault that cuts everything off excuses the time that
 * it lasted and one session time-out more, in which connections and quorum come back; the rest has to fit the budget.
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
      const during = faults
        .filter(({ kind }) => cutsOff(kind))
        .flatMap(({ kind, hit, healedAt }) => {
          if (hit === null || hit.at >= to || (healedAt ?? Infinity) <= from) return [];
          return [{ kind, from: Math.max(from, hit.at), to: Math.min(to, (healedAt ?? Infinity) + SESSION_MS) }];
        });
      const isExcused = to - from - covered(during) <= budgetMs;
      return { ms: Math.round(to - from), cutOffBy: (isExcused ? during[0]?.kind : null) ?? null };
    });
}

/** How long at least one of the spans lasts, ms: what two cover counts once. */
function covered(spans: readonly Span[]): number {
  let ms = 0;
  let until = -Infinity;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    ms += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return ms;
}
