/**
 * Most agents of one batch. All of it restart at once, and its steps go into one history: the next one is
 * begun between batches only, and no server keeps more than 50 MiB of it.
 */
export const BATCH_MAX = 200;

/** How a fleet is rolled: first the canary, then batches that grow up to a ceiling. */
export interface BatchPace {
  /** Size of the batch before, 0 before the first. */
  readonly last: number;
  readonly canary: number;
  /** Each batch is at most this many times the one before; at least 1. */
  readonly growth: number;
  readonly max: number;
}

/** Size of the next batch, at least 1. A growth between 1 and 2 still adds one at a time until `max`. */
export function nextBatchSize({ last, canary, growth, max }: BatchPace): number {
  if (last <= 0) return clamp(canary, max);
  const grown = growth > 1 ? Math.max(Math.floor(last * growth), last + 1) : last;
  return clamp(grown, max);
}

function clamp(size: number, max: number): number {
  return Math.max(1, Math.min(Math.floor(size), Math.floor(max)));
}

/** All batches of a fleet of `total`, for the plan; their sum is `total`. */
export function batchSizes(total: number, pace: Omit<BatchPace, 'last'>): number[] {
  const sizes: number[] = [];
  for (let left = total, last = 0; left > 0; left -= last) {
    last = Math.min(left, nextBatchSize({ ...pace, last }));
    sizes.push(last);
  }
  return sizes;
}
