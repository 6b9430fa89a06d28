/** S23: what the opening of the window rests on is looked at again within the last minute. */
export const LAST_MINUTE_MS = 60_000;

/** An activity that looks is ended then, so no look that succeeds at once takes longer. */
const LONGEST_LOOK_MS = 15 * 60_000;

/**
 * Whether a look has grown old by the time it is complete: a person was away, or no worker was there.
 *
 * Where thousands of hosts are asked a look may honestly take longer than a minute. Then it counts when
 * it has not taken much longer than an earlier one: no cluster is looked at for ever.
 *
 * @param tookMs from the oldest answer that counts to the end of the look, ms
 * @param earlier what earlier looks have taken, ms
 */
export function isOldLook(tookMs: number, earlier: readonly number[]): boolean {
  const usual = earlier.length === 0 ? 0 : Math.min(LONGEST_LOOK_MS, 2 * Math.min(...earlier));
  return tookMs > Math.max(LAST_MINUTE_MS, usual);
}

/**
 * The age up to which a look may open the window once that is prepared, ms. The preparation is two steps
 * on all hosts, and the window's forecast counts five of them at least: what takes longer than the
 * forecast may would be refused by the forecast, too, so no cluster is refused for its look alone.
 */
export function oldestLookMs(budgetMs: number, forecastShare: number): number {
  return Math.max(LAST_MINUTE_MS, budgetMs * forecastShare);
}
