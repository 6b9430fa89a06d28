import type {
  EnsembleActivities,
  EnsembleName,
  PlanningActivities,
  PublishingActivities,
} from '../../../activities/contract.js';
import { RETIRED } from '../../../activities/publishing/door-znode.js';
import { aPlan } from '../../fakes/plans.js';
import type { PlanResult } from '../../../src/domain/plan.js';
import { OBSERVERS_PORT, DONE, read, Refused, write, type Args, type Knobs, type Step, type StepsOf } from './step.js';

export function planOf({ config, plans }: Knobs): PlanResult {
  const [observer] = config.observers;
  const planned = aPlan(config, [], { quorum: 1, raiseEpoch: observer !== undefined });
  const observers =
    observer === undefined
      ? null
      : { ...planned.urls.source, servers: [{ address: observer.address, port: OBSERVERS_PORT }] };
  const plan = { ...planned, urls: { ...planned.urls, observers } };
  return { plan, planHash: `hash-${plans}`, findings: [] };
}

/** Surveys, and what is changed in the ensembles themselves. */
export const ensembleSteps: StepsOf<PlanningActivities & EnsembleActivities & PublishingActivities> = {
  validateInput: (_a, knobs) => read(() => ({ ok: true, config: knobs.config })),
  surveyAndPlan: (_a, knobs) => read(() => planOf(knobs)),
  replan: (_a, knobs) => read(() => planOf(knobs)),
  findStragglers: () =>
    read((world) => ({
      findings: [],
      agentsOnSource: Object.keys(world.agents).filter((agent) => world.agents[agent]?.url === 'source'),
    })),
  acquireLock: () => write((world) => void (world.lock = true)),
  releaseLock: () => write((world) => void (world.lock = false)),
  prepareTrees: () => write((world) => void (world.trees = true), { created: [] }),
  cleanTrees: () =>
    write(
      (world) => {
        for (const it of Object.values(world.doors)) if (it.generation === RETIRED) it.generation = null;
        world.trees = false;
      },
      { residue: [] },
    ),
  readEpochs: () =>
    read((world) => ({
      source: '5',
      target: Object.fromEntries(
        Object.entries(world.servers).map(([server, { running }]) => [
          server,
          !running ? null : world.epoch === 'above' ? '105' : '1',
        ]),
      ),
      raiseTo: '105',
    })),
  awaitQuorum: () =>
    read((world) => (Object.values(world.servers).every(({ running }) => running) ? { epochs: {} } : null)),
  proveAcls: () => read(() => DONE),
  raiseCounter: () => write(() => undefined, { counter: 1000, highestInSource: 3 }),
  closeDoor: (a) => door(a, false),
  openDoor: (a) => door(a, true),
  removeDoor: (a) =>
    write((world) => {
      const it = world.doors[a.ensemble as EnsembleName];
      if (it.generation === null && !world.trees) return;
      it.open = true;
      it.generation = RETIRED;
    }),
  preparePublisher: (a) =>
    write((world) => {
      world.publisher ??= { generation: a.generation, mode: 'publishing' };
    }),
  withdrawMirrors: (a) =>
    write(
      (world) => {
        const it = world.publisher;
        if (it === null) return;
        if (it.generation > a.generation) throw new Refused('FERRY_FENCED', 'a later step has set the mode');
        world.publisher = { generation: a.generation, mode: 'withdrawn' };
      },
      { withdrawn: [] },
    ),
  resumePublishing: (a) =>
    write(
      (world) => {
        const it = world.publisher;
        if (it === null) return;
        if (it.generation > a.generation) throw new Refused('FERRY_FENCED', 'a later step has set the mode');
        world.publisher = { generation: a.generation, mode: 'publishing' };
      },
      { withdrawn: [] },
    ),
  awaitMirrored: () =>
    read((world) => (world.publishes && world.publisher?.mode === 'publishing' ? { mirrored: 2, afterMs: 1 } : null)),
  removePublisher: () => write((world) => void (world.publisher = null)),
  clearElection: (a) =>
    write(
      (world) => {
        if (world.doors[a.ensemble as EnsembleName].open) throw new Refused('FERRY_DOOR_OPEN', 'the door is open');
      },
      { removed: [] },
    ),
  awaitFullLog: () => read((world) => (Object.values(world.masters).every(({ running }) => running) ? DONE : null)),
  // Who waits behind a door is not modelled: test/workflow/doors.test.ts shows that the doors wait for the proof.
  provesMastersOn: () => read(() => DONE),
  runPublisher: () => read(() => null),
  watchDivergence: () => read(() => null),
};

function door(a: Args, open: boolean): Step {
  return write(
    (world) => {
      const it = world.doors[a.ensemble as EnsembleName];
      if ((it.generation ?? 0) > a.generation) throw new Refused('FERRY_FENCED', 'a later step has changed the door');
      // Remembered only while the migration's marker stands.
      if (it.generation === null && !world.trees) throw new Refused('FERRY_FENCED', 'the migration has ended');
      it.generation = a.generation;
      it.open = open;
    },
    { changed: true },
  );
}
