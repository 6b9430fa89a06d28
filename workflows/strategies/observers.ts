import type { Ferry } from '../ferry.js';
import { addObservers } from '../phases/add-observers.js';
import { crossObservers } from '../phases/cross-observers.js';
import { cutOver } from '../phases/cut-over.js';
import { leaveNothing, retireObservers, settle } from '../phases/epilogue.js';
import { moveAgents } from '../phases/move-agents.js';
import { moveFrameworks } from '../phases/move-frameworks.js';
import { moveMasters } from '../phases/move-masters.js';
import { prepareTarget } from '../phases/prepare-target.js';
import { completeGate, soak } from '../phases/soak.js';
import type { Strategy } from './index.js';

/** Every client sits on observers of source; in the window the observers change over to target. */
export function observers(ferry: Ferry): Strategy {
  const { settle: settling, retireObservers: retiring } = ferry.config.policy;
  return {
    phases: [
      prepareTarget(ferry),
      addObservers(ferry),
      moveAgents(ferry),
      moveFrameworks(ferry),
      moveMasters(ferry),
      cutOver(ferry, crossObservers(ferry)),
      soak(ferry),
      completeGate(ferry),
    ],
    closings: [
      ...(settling ? [settle(ferry)] : []),
      ...(settling && retiring ? [retireObservers(ferry)] : []),
      leaveNothing(ferry),
    ],
  };
}
