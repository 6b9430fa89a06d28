import { faultOfKind } from '../faults/index.js';
import type { Overlap } from '../judge/leaders-at-once.js';
import type { FaultRecord } from './injector.js';
import { SESSION_MS } from './session.js';

/**
 * Whether each stretch began under a fault with a native overlap that had hit one of the leaders, or within a session
 * time-out after it was healed (S10): no other overlap is the fault's own, however short.
 *
 * @param toWallMs what turns the stretches' monotonic ms into those of the faults, since the epoch
 */
export function areOfFaults(overlaps: readonly Overlap[], faults: readonly FaultRecord[], toWallMs: number): boolean {
  const isUnderFault = ({ from, masters }: Overlap) =>
    faults.some(
      ({ kind, hit, healedAt, target }) =>
        faultOfKind(kind).nativeOverlap === true &&
        hit !== null &&
        hit.at <= from + toWallMs &&
        from + toWallMs <= (healedAt ?? Infinity) + SESSION_MS &&
        masters.some((master) => master === target),
    );
  return overlaps.every(isUnderFault);
}
