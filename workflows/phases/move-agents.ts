import type { Ferry } from '../ferry.js';
import type { Phase } from '../saga.js';
import { moveFleet } from './fleet.js';

/** Moves every agent onto the observers, or onto target: canary, then growing batches; each keeps its id and tasks. */
export function moveAgents(ferry: Ferry): Phase {
  return {
    name: 'move-agents',
    rollbackCost: 'agents restart once more, back onto source; tasks keep running',
    apply: () => moveFleet(ferry, { ...ferry.destination, restore: false, agents: ferry.plan.agents }),
    compensate: () =>
      moveFleet(ferry, { towards: 'source', url: ferry.plan.urls.source, restore: true, agents: ferry.plan.agents }),
  };
}
