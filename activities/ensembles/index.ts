import type { EnsembleActivities, TakeOverActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { createEpochActivities } from './epochs.js';
import { createLockActivities } from './lock.js';
import { createTreeActivities } from './trees.js';

/** What the migration reads and writes in the two ensembles themselves. */
export function createEnsembleActivities(ports: Ports): EnsembleActivities & Pick<TakeOverActivities, 'takeOverLock'> {
  return { ...createLockActivities(ports), ...createTreeActivities(ports), ...createEpochActivities(ports) };
}
