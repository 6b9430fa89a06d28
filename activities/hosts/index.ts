import type { HostActivities, MasterSwapActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { createAdoption } from './adopt.js';
import { createEpochs } from './epochs.js';
import { createMasterSwap } from './master-swap.js';
import { createObservers } from './observers.js';
import { createRepointing } from './repoint.js';
import { createUnits } from './units.js';

/** Every step that changes a host: fenced, idempotent, and heartbeating while it works. */
export function createHostActivities(ports: Ports): HostActivities & MasterSwapActivities {
  return {
    ...createAdoption(ports),
    ...createUnits(ports),
    ...createRepointing(ports),
    ...createMasterSwap(ports),
    ...createObservers(ports),
    ...createEpochs(ports),
  };
}
