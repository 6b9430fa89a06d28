import { Redactor } from '../src/domain/redact.js';
import type { Activities, MasterSwapActivities, PublishingActivities } from './contract.js';
import { createEnsembleActivities } from './ensembles/index.js';
import { createHookActivities } from './hooks/index.js';
import { createHostActivities } from './hosts/index.js';
import { hidingBy } from './interceptor.js';
import { createPlanningActivities } from './planning/index.js';
import type { Ports } from './ports.js';
import { createProofActivities } from './proofs/index.js';
import { createPublishingActivities } from './publishing/index.js';
import { createTakeOverActivities } from './take-over/index.js';
import { beating } from './reach/scope.js';

export type { Ports } from './ports.js';

/** The full set of activities, by topic. */
export function createActivities(ports: Ports): Activities & PublishingActivities & MasterSwapActivities {
  const hide = hidingBy(ports.redactor ?? new Redactor());
  return {
    ...withHeartbeats(createHostActivities(ports), hide),
    ...withHeartbeats(createHookActivities(ports), hide),
    ...withHeartbeats(createPlanningActivities(ports), hide),
    ...withHeartbeats(createEnsembleActivities(ports), hide),
    ...withHeartbeats(createProofActivities(ports), hide),
    ...withHeartbeats(createPublishingActivities(ports), hide),
    ...withHeartbeats(createTakeOverActivities(ports), hide),
  };
}

/** The same activities, each heartbeating while it works. */
function withHeartbeats<T extends object>(activities: T, hide: (text: string) => string): T {
  const wrapped = Object.entries(activities as Record<string, (input: unknown) => Promise<unknown>>).map(
    ([name, run]) => [name, (input: unknown) => beating(name, () => run(input), hide)] as const,
  );
  return Object.fromEntries(wrapped) as T;
}
