import type { Activities, MasterSwapActivities, PublishingActivities } from './contract.js';
import { createEnsembleActivities } from './ensembles/index.js';
import { createHookActivities } from './hooks/index.js';
import { createHostActivities } from './hosts/index.js';
import { createPlanningActivities } from './planning/index.js';
import type { Ports } from './ports.js';
import { createProofActivities } from './proofs/index.js';
import { createPublishingActivities } from './publishing/index.js';
import { createTakeOverActivities } from './take-over/index.js';
import { beating } from './reach/scope.js';

export type { Ports } from './ports.js';

/** The full set of activities, by topic. */
export function createActivities(ports: Ports): Activities & PublishingActivities & MasterSwapActivities {
  return {
    ...withHeartbeats(createHostActivities(ports)),
    ...withHeartbeats(createHookActivities(ports)),
    ...withHeartbeats(createPlanningActivities(ports)),
    ...withHeartbeats(createEnsembleActivities(ports)),
    ...withHeartbeats(createProofActivities(ports)),
    ...withHeartbeats(createPublishingActivities(ports)),
    ...withHeartbeats(createTakeOverActivities(ports)),
  };
}

/** The same activities, each heartbeating while it works. */
function withHeartbeats<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities as Record<string, (input: unknown) => Promise<unknown>>).map(
    ([name, run]) => [name, (input: unknown) => beating(name, () => run(input))] as const,
  );
  return Object.fromEntries(wrapped) as T;
}
