import type { ProofActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { createAgentProofs } from './agent-proofs.js';
import { createElectionProofs } from './election-proofs.js';
import { createFrameworkProofs } from './framework-proofs.js';
import { createMasterProofs } from './master-proofs.js';
import { createObserverProofs } from './observer-proofs.js';
import { createResidueProofs } from './residue-proofs.js';
import { createSoakProofs } from './soak-proofs.js';

/** What has to be seen before the migration goes on, by topic. */
export function createProofActivities(ports: Ports): ProofActivities {
  return {
    ...createAgentProofs(ports),
    ...createElectionProofs(ports),
    ...createFrameworkProofs(ports),
    ...createMasterProofs(ports),
    ...createObserverProofs(ports),
    ...createResidueProofs(ports),
    ...createSoakProofs(ports),
  };
}
