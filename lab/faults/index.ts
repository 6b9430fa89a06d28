import type { Fault } from './fault.js';
import { allWorkersKilled, workerFrozen, workerKilled, workerTerminated } from './worker-faults.js';

/** Every fault the campaign draws from; one line adds one. */
export const faults: readonly Fault[] = [workerKilled, workerTerminated, allWorkersKilled, workerFrozen];

/** @throws RangeError for a kind that nobody registered */
export function faultOfKind(kind: string): Fault {
  const found = faults.find((fault) => fault.kind === kind);
  if (found === undefined) throw new RangeError(`no fault ${kind}; there are ${faults.map((f) => f.kind).join(', ')}`);
  return found;
}
