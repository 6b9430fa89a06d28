import type { EnsembleName } from '../../../activities/contract.js';
import type { Pending, Run } from './run.js';
import type { Simulation } from './simulation.js';
import { residueOf } from './residue.js';
import { initialWorld, lasting, mirrored, reach, SIDES, type World } from './world.js';

/** A sentence that says what is wrong, or null. */
export type Verdict = string | null;

const READS = new Set<string>([
  'validateInput',
  'surveyAndPlan',
  'replan',
  'findStragglers',
  'readEpochs',
  'awaitQuorum',
  'awaitObserver',
  'awaitAgent',
  'readTasks',
  'awaitFramework',
  'awaitMaster',
  'readElection',
  'provesNoLeader',
  'awaitLeader',
  'awaitAgentsBack',
  'watchSoak',
  'provesObserversIdle',
  'findResidue',
  'awaitMirrored',
  'watchDivergence',
  'awaitFullLog',
  'provesMastersOn',
]);

/**
 * No two masters may lead in two trees at once: whoever may believe that it leads in one (elected
 * there, and not stopped nor proved not to lead since) excludes every other master from the other.
 */
export function noSecondLeader(world: World): Verdict {
  const masters = Object.entries(world.masters);
  for (const [one, { mayClaim }] of masters) {
    if (!mayClaim.includes('source')) continue;
    const other = masters.find(([name, it]) => name !== one && it.mayClaim.includes('target'));
    if (other) return `${one} may lead in source while ${other[0]} may lead in target`;
  }
  return null;
}

/** What the publisher says in target is only true while no master can be elected there. */
export function noMirrorBesideMasters(world: World): Verdict {
  if (!mirrored(world)) return null;
  const master = Object.entries(world.masters).find(([, it]) => it.mayClaim.includes('target'));
  return master ? `source's election is published in target while ${master[0]} may lead there` : null;
}

/** No two observers serve different ensembles while a master is on observers. */
export function noMixedObservers(world: World): Verdict {
  const on = SIDES.filter((side) => Object.values(world.observers).some((it) => it.running && it.files === side));
  const master = Object.entries(world.masters).find(([, { running, url }]) => running && url === 'observers');
  return on.length > 1 && master ? `observers serve both ensembles while ${master[0]} is on them` : null;
}

/** S20, inside the window of the masters. */
export function neverBothDoorsOpen(sim: Simulation): Verdict {
  if (sim.config.strategy !== 'dual-publishing' || ![...sim.runs.values()].some(({ type }) => type === 'cutOver')) {
    return null;
  }
  return sim.world.doors.source.open && sim.world.doors.target.open ? 'both doors are open in the window' : null;
}

/** What follows the last phase, or the last compensation. */
export const CLOSINGS: ReadonlySet<string> = new Set(['settle', 'retire-observers', 'end-publishing', 'clean-up']);

/** Promise 4, at the instant a step is asked for. */
export function noGateBypassed(sim: Simulation, pending: Pending): Verdict {
  const { approvals } = sim.status;
  if (READS.has(pending.name)) return null;
  if (!approvals.some(({ gate }) => gate === 'begin')) return `${pending.label} writes before begin was approved`;
  const { phase } = sim.status;
  if (CLOSINGS.has(phase) && !sim.rollbackOrdered && !approvals.some(({ gate }) => gate === 'complete')) {
    return `${pending.label} ends the migration before complete was approved`;
  }
  return null;
}

/** Every window towards target needs an approval of its own, for the plan as it is. */
export function windowApproved(sim: Simulation, run: Run, used: Set<number>): Verdict {
  if (run.type !== 'cutOver' || (run.input as { to: EnsembleName }).to !== 'target') return null;
  const { approvals, planHash } = sim.status;
  const at = approvals.findLastIndex(({ gate }) => gate === 'cut-over');
  const approval = approvals[at];
  if (approval === undefined) return 'a window begins without an approval of cut-over';
  if (used.has(at)) return 'a second window begins with the approval of the first';
  used.add(at);
  return approval.planHash === planHash
    ? null
    : `a window begins for plan ${planHash ?? ''}, approved was ${approval.planHash}`;
}

const STARTS = new Set<string>(['flipObserver', 'liftHold']);

/** S1, and the point of no return, of one window. */
export class WindowRules {
  #turnedBackAt: number | null = null;
  #proved = false;

  turnBackPoint(now: number): void {
    this.#turnedBackAt = now;
  }

  /** A recovered leader of the new side was proved to a window that still went forward. */
  provedLeader(): void {
    this.#proved = true;
  }

  /** Nothing is started towards the new side once the turn-back point has come. */
  nothingStartsLate(pending: Pending): Verdict {
    const forward = STARTS.has(pending.name) && pending.args.deadline !== null;
    return forward && this.#turnedBackAt !== null ? `${pending.label} is sent after the turn-back point` : null;
  }

  /** Nothing undoes itself after the point of no return. */
  pointOfNoReturn(pending: Pending): Verdict {
    if (
      !this.#proved ||
      !['stopHeld', 'flipObserver', 'swapMasterUrl', 'closeDoor', 'openDoor'].includes(pending.name)
    ) {
      return null;
    }
    return `${pending.label} after the point of no return`;
  }
}

/** What must be true of the world and the status when it has ended. */
export function endsWell(sim: Simulation): Verdict {
  const { end, world } = sim;
  const untouched = JSON.stringify(lasting(world)) === JSON.stringify(lasting(initialWorld(sim.config)));
  if ((end?.kind === 'cancelled' || end?.kind === 'failed') && untouched && !sim.hasWritten) return null;
  if (!end?.status) return `the migration ended as ${end?.kind ?? 'nothing'}: ${end?.error ?? ''}`;
  const { state } = end.status;
  // A person gave up, and the status says where.
  if (state === 'stranded') return null;
  // Whoever skips the removal of what is left is told what it is; the cluster itself has to be whole all the same.
  const mayLeave = end.status.timeline.some(({ outcome }) => outcome === 'skipped');
  if (state === 'rolled-back') {
    const [is, was] = [found(world, mayLeave), found(initialWorld(sim.config), mayLeave)];
    return is === was ? null : `rolled back, but ${residueOf(world).join('; ') || is}`;
  }
  if (state !== 'migrated') return `the migration ended as ${state}`;
  const left = residueOf(world);
  if (left.length > 0 && !mayLeave) return `migrated, but ${left.join('; ')}`;
  const away = Object.entries(world.masters).find(
    ([, { running, url }]) => !running || !reach(world, url).includes('target'),
  );
  if (away) return `migrated, but ${away[0]} is not on target`;
  if ((world.lock || world.trees) && !mayLeave) return 'migrated, but the lock or the markers stand';
  return null;
}

/** A raised epoch cannot be lowered, which is harmless (S16). */
function found(world: World, mayLeave: boolean): string {
  const unimportant = ['epochFiles', ...(mayLeave ? ['generation', 'ours'] : [])];
  return JSON.stringify(lasting(world), (name, value: unknown) => (unimportant.includes(name) ? undefined : value));
}
