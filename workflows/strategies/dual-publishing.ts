import type { Ferry } from '../ferry.js';
import { crossMasters } from '../phases/cross-masters.js';
import { cutOver } from '../phases/cut-over.js';
import { leaveNothing } from '../phases/epilogue.js';
import { moveAgents } from '../phases/move-agents.js';
import { moveFrameworks } from '../phases/move-frameworks.js';
import { prepareTarget } from '../phases/prepare-target.js';
import { endPublishing, nobodyWaits, publish } from '../phases/publish.js';
import { completeGate, soak } from '../phases/soak.js';
import { Publishing } from '../publishing.js';
import type { Strategy } from './index.js';

/** Both ensembles name the same leader; clients move to target first, in the window all masters follow. */
export function dualPublishing(ferry: Ferry): Strategy {
  const publishing = new Publishing(ferry);
  // Agents that are on target find their leader by the mirrors alone, until the way back has moved them.
  if (ferry.found?.publishing) {
    publishing.start();
    if (ferry.found.standing === 'source') publishing.startWatch();
  }
  return {
    phases: [
      prepareTarget(ferry),
      publish(ferry, publishing),
      moveAgents(ferry),
      moveFrameworks(ferry),
      cutOver(ferry, crossMasters(ferry, publishing)),
      soak(ferry),
      completeGate(ferry, () => nobodyWaits(ferry, 'target')),
    ],
    closings: [endPublishing(ferry, publishing), leaveNothing(ferry)],
  };
}
