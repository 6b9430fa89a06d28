import type { PublishingActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { createAclProof } from './acl-proof.js';
import { createElectionClearing } from './clear-election.js';
import { createDivergenceWatch } from './divergence.js';
import { createDoorActivities } from './door.js';
import { createFullLogProof } from './full-log.js';
import { createMastersOnProof } from './masters-on.js';
import { createPublisherActivities } from './publisher-activities.js';

/** What dual-publishing does in the two ensembles: mirrors, doors, and the watch over both. */
export function createPublishingActivities(ports: Ports): PublishingActivities {
  return {
    ...createAclProof(ports),
    ...createDivergenceWatch(ports),
    ...createDoorActivities(ports),
    ...createElectionClearing(ports),
    ...createFullLogProof(ports),
    ...createMastersOnProof(ports),
    ...createPublisherActivities(ports),
  };
}
