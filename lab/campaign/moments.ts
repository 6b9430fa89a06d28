import type { Activities } from '../../activities/contract.js';
import type { StrategyName } from '../../src/domain/config.js';
import type { Random } from '../faults/random.js';
import type { Moment } from './moment.js';

/** Phases by their names in `status`, in order; each may be hit. */
export const PHASES: Readonly<Record<StrategyName, readonly string[]>> = {
  observers: [
    'prepare-target',
    'add-observers',
    'move-agents',
    'move-frameworks',
    'move-masters',
    'gate cut-over',
    'cut-over',
    'soak',
    'clean-up',
  ],
  'dual-publishing': [
    'prepare-target',
    'publish',
    'move-agents',
    'move-frameworks',
    'gate cut-over',
    'cut-over',
    'soak',
    'end-publishing',
    'clean-up',
  ],
};

const SHARED: readonly (keyof Activities)[] = [
  'acquireLock',
  'prepareTrees',
  'adoptHost',
  'repointAgent',
  'awaitAgent',
  'repointFramework',
  'awaitFramework',
  'findStragglers',
  'replan',
  'prepareHold',
  'holdUnit',
  'stopHeld',
  'liftHold',
  'awaitLeader',
  'awaitAgentsBack',
  'watchSoak',
  'releaseHost',
  'cleanTrees',
  'releaseLock',
];

/** Activities whose schedule may be a fault's moment: every boundary of every strategy. */
export const ACTIVITIES: Readonly<Record<StrategyName, readonly (keyof Activities)[]>> = {
  observers: [
    ...SHARED,
    'readEpochs',
    'stopServer',
    'writeEpoch',
    'startServer',
    'awaitQuorum',
    'installObserver',
    'awaitObserver',
    'parkObserver',
    'repointMaster',
    'awaitMaster',
    'stopObserver',
    'provesNoLeader',
    'flipObserver',
    'discardSetAside',
  ],
  'dual-publishing': [
    ...SHARED,
    'proveAcls',
    'raiseCounter',
    'closeDoor',
    'preparePublisher',
    'runPublisher',
    'awaitMirrored',
    'watchDivergence',
    'parkMasterUrl',
    'swapMasterUrl',
    'clearElection',
    'withdrawMirrors',
    'openDoor',
    'removePublisher',
  ],
};

/** Those of the critical window: the shortest stretch and the one that matters most, so they are drawn more often. */
export const WINDOW_ACTIVITIES: Readonly<Record<StrategyName, readonly (keyof Activities)[]>> = {
  observers: ['holdUnit', 'stopHeld', 'stopObserver', 'provesNoLeader', 'flipObserver', 'liftHold', 'awaitLeader'],
  'dual-publishing': [
    'holdUnit',
    'stopHeld',
    'swapMasterUrl',
    'closeDoor',
    'clearElection',
    'withdrawMirrors',
    'openDoor',
    'liftHold',
    'awaitLeader',
  ],
};

/** When a fault is put: anywhere, but often in the window. */
export function drawMoment(random: Random, strategy: StrategyName): Moment {
  const sort = random.int(1, 100);
  if (sort <= 25) return { at: 'window', plusMs: random.int(0, 8_000) };
  if (sort <= 45) return activityOf(random, WINDOW_ACTIVITIES[strategy]);
  if (sort <= 65) return activityOf(random, ACTIVITIES[strategy]);
  if (sort <= 73) return { at: 'gate', gate: random.pick(['begin', 'cut-over', 'complete'] as const), plusMs: 0 };
  return { at: 'phase', phase: random.pick(PHASES[strategy]), plusMs: random.int(0, 4_000) };
}

/** Somewhere on the way back, for runs that order one. */
export function drawOnTheWayBack(random: Random): Moment {
  return { at: 'way-back', plusMs: random.int(0, 6_000) };
}

function activityOf(random: Random, names: readonly (keyof Activities)[]): Moment {
  return { at: 'activity', activity: random.pick(names), nth: random.pick([1, 1, 1, 2]), plusMs: random.int(0, 400) };
}
