import type { EnsembleName } from '../../../activities/contract.js';
import { ensembleSteps } from './ensemble-steps.js';
import { hostSteps } from './host-steps.js';
import { proofSteps } from './proof-steps.js';
import { find, type Args, type Knobs, type Name, type Step } from './step.js';
import type { World } from './world.js';

const STEPS: { readonly [Each in Name]: (a: Args, knobs: Knobs) => Step } = {
  ...ensembleSteps,
  takeOverLock: notExplored,
  requireEnded: notExplored,
  surveyTakeOver: notExplored,
  takeOverTrees: notExplored,
  runHook: notExplored,
  ...hostSteps,
  ...proofSteps,
};

/** A migration that takes an abandoned one over, and hooks, which the explored configs have none of. */
function notExplored(): never {
  throw new Error('take-overs and hooks are not explored');
}

/** Every activity of the contract as a step on the model world. */
export function stepOf(name: Name, a: Args, knobs: Knobs): Step {
  return STEPS[name](a, knobs);
}

/** Whether this step would be refused now and ever after: generations only rise, and nobody adopts with a lower one. */
export function fencedOff(world: World, name: Name, a: Args, host: string | null): boolean {
  if (host !== null) {
    const { generation } = find(world, null, host);
    return name !== 'adoptHost' && (generation === 0 || generation > a.fence.generation);
  }
  if (name === 'closeDoor' || name === 'openDoor') {
    const { generation } = world.doors[a.ensemble as EnsembleName];
    return generation === null ? !world.trees : generation > a.generation;
  }
  if (name === 'withdrawMirrors' || name === 'resumePublishing') {
    return world.publisher === null || world.publisher.generation > a.generation;
  }
  return false;
}
