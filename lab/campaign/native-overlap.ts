import { faultOfKind } from '../faults/index.js';
import type { Overlap } from '../judge/leaders-at-once.js';
import type { FaultRecord } from './injector.js';

/**
 * Whether in each stretch one of the leaders was a master that a fault with a native overlap had hit before (S10): no
 * other overlap is the fault's own, however short.
 *
 * @param toWallMs what turns the stretches' monotonic ms into those of the faults, since the epoch
 */
export function areOfFaults(overlaps: readonly Overlap[], faults: readonly FaultRecord[], toWallMs: number): boolean {
  const hitBefore = ({ from, masters }: Overlap) =>
    faults.some(
      ({ kind, hit, target }) =>
        faultOfKind(kind).nativeOverlap === true &&
        hit !== null &&
        hit.at <= from + toWallMs &&
        masters.some((master) => master === target),
    );
  return overlaps.every(hitBefore);
}
