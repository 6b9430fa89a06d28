/** Added above the highest epoch known: source may hold elections before the window, each adds one. */
export const EPOCH_MARGIN = 100n;

/** Highest epoch that is ever written: beyond 2,097,152 many clients' zxids lose precision. */
export const EPOCH_LIMIT = 1_000_000n;

/** A zxid's high 32 bits: the epoch of the ensemble leader that issued it. */
export function epochOf(zxid: bigint): bigint {
  return zxid >> 32n;
}

export type RaiseVerdict =
  { readonly ok: true; readonly epoch: bigint } | { readonly ok: false; readonly reason: string };

/**
 * The epoch to write on every target server so that target stands above source (S16): the highest
 * epoch that source or any target server holds, in memory or files, plus the margin. Below what a
 * target server holds the ensemble would find no quorum again.
 */
export function raiseTo(epochs: { readonly source: bigint; readonly target: readonly bigint[] }): RaiseVerdict {
  const held = [epochs.source, ...epochs.target];
  const odd = held.find((epoch) => epoch < 0n);
  if (odd !== undefined) return { ok: false, reason: `an epoch of ${String(odd)} is not possible` };
  const highest = held.reduce((a, b) => (a > b ? a : b));
  const epoch = highest + EPOCH_MARGIN;
  if (epoch > EPOCH_LIMIT) {
    return {
      ok: false,
      reason: `the highest epoch is ${String(highest)}; raising it to ${String(epoch)} would pass the limit of ${String(EPOCH_LIMIT)}`,
    };
  }
  return { ok: true, epoch };
}

/** Whether every target server's epoch is above source's: else it refuses clients that come from source. */
export function isAboveSource(epochs: { readonly source: bigint; readonly target: readonly bigint[] }): boolean {
  return epochs.target.length > 0 && epochs.target.every((epoch) => epoch > epochs.source);
}
