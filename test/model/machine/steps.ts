/* eslint-disable @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-explicit-any -- an activity's argument, of any of their types */
import type { Activities, EnsembleName } from '../../../activities/contract.js';
import { aPlan } from '../../fakes/plans.js';
import type { ClusterConfig } from '../../../src/domain/config.js';
import type { MasterUrl, PlanResult } from '../../../src/domain/plan.js';
import { reach, SIDES, type Client, type World } from './world.js';

type Name = keyof Activities;
/** An activity's argument; what is read of it depends on which it is. */
type Args = any;

/** A refusal that no retry mends, as the host's own script would give it. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a step changes and reports. `change` may refuse; it is asked at the instant of the effect. */
export interface Step {
  readonly host: string | null;
  /** Null = only reads. */
  readonly change: ((world: World, now: number) => void) | null;
  /** @returns null while what it waits for does not hold. */
  report(world: World, now: number): unknown;
}

const DONE = {};
const OBSERVERS_PORT = 2182;
const iso = (now: number) => new Date(now).toISOString();

export interface Knobs {
  readonly config: ClusterConfig;
  /** How often the plan has changed. */
  plans: number;
}

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

/** Every activity of the contract as a step on the model world. */
export function stepOf(name: Name, a: Args, knobs: Knobs): Step {
  const { config } = knobs;
  const read = (report: Step['report']): Step => ({ host: null, change: null, report });
  const write = (change: (world: World, now: number) => void, result: unknown = DONE): Step => ({
    host: null,
    change,
    report: () => result,
  });
  /** A fenced change of one host (S2). */
  const onHost = <T extends { generation: number }>(
    kind: 'servers' | 'observers' | 'masters' | 'agents' | 'frameworks' | null,
    host: { name: string },
    change: (it: T, world: World, now: number) => void,
    result: (now: number) => unknown = () => DONE,
  ): Step => ({
    host: host.name,
    change: (world, now) => {
      const it = find(world, kind, host.name) as unknown as T;
      if (typeof a.deadline === 'number' && now >= a.deadline)
        throw new Refused('FERRY_DEADLINE', 'too late to start anything');
      if (it.generation === 0 || it.generation > a.fence.generation) {
        throw new Refused('FERRY_FENCED', `generation ${a.fence.generation} is older than ${it.generation}`);
      }
      it.generation = a.fence.generation;
      change(it, world, now);
    },
    report: (_world, now) => result(now),
  });
  const stopped = (now: number) => ({ stoppedAt: iso(now), tookMs: 10 });
  const repointed = (now: number) => ({ changed: true, mainPidBefore: 1, mainPid: 2, restartedAt: iso(now) });
  const urlOf = (url: { servers: unknown } | null): Client['url'] => {
    if (url === null) return 'source';
    const { credentialsOf, servers } = url as MasterUrl;
    return credentialsOf === 'target' ? 'target' : servers[0]?.port === OBSERVERS_PORT ? 'observers' : 'source';
  };
  const leads = (world: World, side: EnsembleName) =>
    Object.keys(world.masters).find((master) => world.masters[master]?.mayClaim.includes(side)) ?? null;
  const somebodyLeads = (world: World) => SIDES.some((side) => leads(world, side) !== null);
  const door = (side: EnsembleName, open: boolean): Step =>
    write(
      (world) => {
        const it = world.doors[side];
        if ((it.generation ?? 0) > a.generation) throw new Refused('FERRY_FENCED', 'a later step has changed the door');
        // Remembered only while the migration's marker stands.
        if (it.generation === null && !world.trees) throw new Refused('FERRY_FENCED', 'the migration has ended');
        it.generation = a.generation;
        it.open = open;
      },
      { changed: true },
    );

  switch (name) {
    case 'validateInput':
      return read(() => ({ ok: true, config }));
    case 'surveyAndPlan':
    case 'replan':
      return read(() => planOf(knobs));
    case 'findStragglers':
      return read((world) => ({
        findings: [],
        agentsOnSource: Object.keys(world.agents).filter((agent) => world.agents[agent]?.url === 'source'),
      }));
    case 'acquireLock':
      return write((world) => void (world.lock = true));
    case 'releaseLock':
      return write((world) => void (world.lock = false));
    case 'prepareTrees':
      return write((world) => void (world.trees = true), { created: [] });
    case 'cleanTrees':
      return write((world) => void (world.trees = false), { residue: [] });
    case 'readEpochs':
      return read((world) => ({
        source: '5',
        target: Object.fromEntries(
          Object.entries(world.servers).map(([server, { running }]) => [
            server,
            !running ? null : world.epoch === 'above' ? '105' : '1',
          ]),
        ),
        raiseTo: '105',
      }));
    case 'awaitQuorum':
      return read((world) => (Object.values(world.servers).every(({ running }) => running) ? { epochs: {} } : null));
    case 'adoptHost':
      return {
        host: a.host.name,
        change: (world) => {
          const it = find(world, null, a.host.name);
          if (it.generation > a.fence.generation) throw new Refused('FERRY_FENCED', 'a later step has been here');
          it.generation = a.fence.generation;
        },
        report: () => DONE,
      };
    case 'releaseHost':
      return {
        host: a.host.name,
        change: (world) => {
          const it = find(world, null, a.host.name);
          if (it.generation === 0) return;
          if (it.generation > a.fence.generation) throw new Refused('FERRY_FENCED', 'a later step has been here');
          if (it.held) throw new Refused('FERRY_HOST_STEP', 'the unit is still held down');
          it.generation = 0;
          it.ours = it.ours.filter((one) => one === 'installed' || one === 'data set aside');
        },
        report: () => DONE,
      };
    case 'installObserver':
      return onHost<World['observers'][string]>(
        'observers',
        a.observer,
        (it) => {
          if (it.running && it.files !== a.ensemble) throw new Refused('FERRY_HOST_STEP', 'it must be stopped first');
          Object.assign(it, { files: a.ensemble, running: true, held: false });
          mark(it, 'installed');
        },
        () => ({ changed: true }),
      );
    case 'stopObserver':
      return onHost<World['observers'][string]>('observers', a.observer, stop, stopped);
    case 'removeObserver':
      return onHost<World['observers'][string]>('observers', a.observer, (it) => {
        Object.assign(it, { files: null, running: false, held: false });
        it.ours = it.ours.filter((one) => one === 'drop-in');
      });
    case 'parkObserver':
      return onHost<World['observers'][string]>('observers', a.observer, (it) => mark(it, 'parked'));
    case 'flipObserver':
      return onHost<World['observers'][string]>(
        'observers',
        a.observer,
        (it) => {
          if (!it.ours.includes('parked')) throw new Refused('FERRY_HOST_STEP', 'nothing is parked');
          if (it.running && it.files !== a.to) throw new Refused('FERRY_HOST_STEP', 'it must be proved stopped first');
          if (it.files !== a.to) mark(it, 'data set aside');
          Object.assign(it, { files: a.to, running: true, held: false });
        },
        (now) => ({ startedAt: iso(now) }),
      );
    case 'discardSetAside':
      return {
        host: a.observer.name,
        change: (world) => {
          const it = find(world, 'observers', a.observer.name);
          if (it.generation === 0 && !it.ours.includes('data set aside')) return;
          if (it.generation === 0 || it.generation > a.fence.generation) throw new Refused('FERRY_FENCED', 'released');
          // What was installed stays: clients are on it.
          it.ours = it.ours.filter((one) => one !== 'data set aside' && one !== 'installed');
        },
        report: () => DONE,
      };
    case 'prepareHold':
      return onHost(null, a.host, (it: World['servers'][string]) => mark(it, 'drop-in'));
    case 'holdUnit':
      return onHost(null, a.host, (it: World['servers'][string]) => {
        it.held = true;
        mark(it, 'drop-in');
      });
    case 'stopHeld':
      return onHost<World['servers'][string]>(null, a.host, stop, stopped);
    case 'liftHold':
      return onHost(null, a.host, (it: World['servers'][string]) => {
        it.held = false;
        if (a.start) it.running = true;
      });
    case 'repointAgent':
      return onHost<Client>('agents', a.agent, (it) => void (it.url = urlOf(a.url)), repointed);
    case 'repointFramework':
      return onHost<Client>('frameworks', a.instance, (it) => void (it.url = urlOf(a.url)), repointed);
    case 'repointMaster':
      return onHost<World['masters'][string]>(
        'masters',
        a.master,
        (it, world) => {
          // The old process is gone before the new one starts.
          it.mayClaim = [];
          it.url = urlOf(a.url);
          it.running = true;
          void world;
        },
        repointed,
      );
    case 'stopServer':
      return onHost<World['servers'][string]>(null, a.server, stop, stopped);
    case 'writeEpoch':
      return onHost(null, a.server, (it: World['servers'][string], world) => {
        if (it.running) throw new Refused('FERRY_HOST_STEP', 'the server runs');
        world.epochFiles = 'raised';
      });
    case 'restoreEpoch':
      return onHost(null, a.server, (it: World['servers'][string], world) => {
        if (it.running || world.epoch === 'above') throw new Refused('FERRY_HOST_STEP', 'a leader has formed since');
        world.epochFiles = 'found';
      });
    case 'startServer':
      return onHost(null, a.server, (it: World['servers'][string], world) => {
        Object.assign(it, { running: true, held: false });
        if (world.epochFiles === 'raised') world.epoch = 'above';
      });
    case 'awaitObserver':
      return read((world) => {
        const it = world.observers[a.observer.name];
        return it?.running === true && it.files === a.ensemble ? { servingAfterMs: 10 } : null;
      });
    case 'readTasks':
      return read(() => ({ id: a.agent.name, tasks: {} }));
    case 'awaitAgent':
      return read((world) => (world.agents[a.planned.agent.name]?.url === urlOf(a.url) ? { backAfterMs: 10 } : null));
    case 'awaitFramework':
      return read((world) => (world.frameworks[a.instance.name]?.url === urlOf(a.url) ? { backAfterMs: 10 } : null));
    case 'awaitMaster':
      return read((world) => {
        const it = world.masters[a.master.name];
        return it?.running === true && it.url === urlOf(a.url) ? { backAfterMs: 10 } : null;
      });
    case 'readElection':
      return read((world) => ({
        contenders: [],
        leader: leads(world, a.through) ?? Object.keys(world.masters).find((m) => world.masters[m]?.running) ?? null,
        unknown: Object.keys(world.masters).filter((master) => world.masters[master]?.running === false),
      }));
    case 'provesNoLeader':
      return {
        host: null,
        // Not a change of the world, but of what may be true of it: it was seen that nobody claims to lead.
        change: (world) => {
          for (const master of Object.values(world.masters)) master.mayClaim = [];
        },
        report: (_world, now) => ({ clear: true, at: iso(now) }),
      };
    case 'removeGhosts':
      return write(() => undefined);
    case 'awaitLeader':
      return read((world, now) => {
        const master = leads(world, a.ensemble);
        return master === null ? null : { master, electedAt: iso(now), recoveredAt: iso(now) };
      });
    case 'awaitAgentsBack':
      return read((world, now) => ({
        back: 1,
        missing: somebodyLeads(world) ? [] : a.expectedIds,
        newRegistrations: 0,
        lastAgentAt: iso(now),
      }));
    case 'watchSoak':
      return read((world) => (leads(world, a.ensemble) === null ? null : DONE));
    case 'provesObserversIdle':
      return read(() => DONE);
    case 'findResidue':
      return read((world) => ({
        findings: residueOf(world).map((seen) => ({
          id: 'residue',
          verdict: 'block',
          host: null,
          seen,
          why: '',
          remedy: 'remove it',
        })),
      }));
    case 'parkMasterUrl':
      return onHost<World['masters'][string]>('masters', a.master, (it) => mark(it, 'parked'));
    case 'swapMasterUrl':
      return onHost<World['masters'][string]>(
        'masters',
        a.master,
        (it) => {
          if (!it.held && a.mayRun === true && it.url === a.to) return;
          if (!it.held) throw new Refused('FERRY_HOST_STEP', 'it is not held down');
          if (it.running) throw new Refused('FERRY_HOST_STEP', 'it is not stopped');
          if (!it.ours.includes('parked')) throw new Refused('FERRY_HOST_STEP', 'nothing is parked');
          it.url = a.to;
        },
        () => ({ changed: true }),
      );
    case 'proveAcls':
      return read(() => DONE);
    case 'raiseCounter':
      return write(() => undefined, { counter: 1000, highestInSource: 3 });
    case 'closeDoor':
      return door(a.ensemble, false);
    case 'openDoor':
      return door(a.ensemble, true);
    case 'removeDoor':
      return write((world) => {
        world.doors[a.ensemble as EnsembleName] = { open: true, generation: null };
      });
    case 'preparePublisher':
      return write((world) => {
        world.publisher ??= { generation: a.generation, mode: 'publishing' };
      });
    case 'withdrawMirrors':
    case 'resumePublishing':
      return write(
        (world) => {
          const it = world.publisher;
          if (it === null) return;
          if (it.generation > a.generation) throw new Refused('FERRY_FENCED', 'a later step has set the mode');
          world.publisher = { generation: a.generation, mode: name === 'withdrawMirrors' ? 'withdrawn' : 'publishing' };
        },
        { withdrawn: [] },
      );
    case 'awaitMirrored':
      return read((world) =>
        world.publishes && world.publisher?.mode === 'publishing' ? { mirrored: 2, afterMs: 1 } : null,
      );
    case 'removePublisher':
      return write((world) => void (world.publisher = null));
    case 'clearElection':
      return write(
        (world) => {
          if (world.doors[a.ensemble as EnsembleName].open) throw new Refused('FERRY_DOOR_OPEN', 'the door is open');
        },
        { removed: [] },
      );
    case 'awaitFullLog':
      return read((world) => (Object.values(world.masters).every(({ running }) => running) ? DONE : null));
    case 'runPublisher':
    case 'watchDivergence':
      return read(() => null);
    default:
      throw new Error(`no step for ${String(name satisfies never)}`);
  }
}

/** Whether this step would be refused now and ever after: generations only rise, and nobody adopts with a lower one. */
export function fencedOff(world: World, name: Name, a: Args, host: string | null): boolean {
  if (host !== null) {
    const { generation } = find(world, null, host);
    return name !== 'adoptHost' && (generation === 0 || generation > a.fence.generation);
  }
  if (name === 'closeDoor' || name === 'openDoor') {
    const { generation } = world.doors[a.ensemble as EnsembleName];
    // Between the end of its door and the end of its marker a step could still come; see the test's limits.
    return generation === null || generation > a.generation;
  }
  if (name === 'withdrawMirrors' || name === 'resumePublishing') {
    return world.publisher === null || world.publisher.generation > a.generation;
  }
  return false;
}

/** What a migration that has ended may not leave behind. */
export function residueOf(world: World): string[] {
  const hosts = { ...world.servers, ...world.observers, ...world.masters, ...world.agents, ...world.frameworks };
  return [
    ...Object.entries(hosts).flatMap(([name, { generation, held, ours }]) => [
      ...(generation > 0 ? [`${name} is still adopted`] : []),
      ...(held ? [`${name} is still held down`] : []),
      ...ours.map((one) => `${name}: ${one}`),
    ]),
    ...SIDES.filter((side) => world.doors[side].generation !== null).map((side) => `the door of ${side} is remembered`),
    ...(world.publisher === null ? [] : ['the owner znode of the publisher']),
  ];
}

function find(world: World, kind: 'servers' | 'observers' | 'masters' | 'agents' | 'frameworks' | null, name: string) {
  const it =
    kind === null
      ? (world.servers[name] ??
        world.observers[name] ??
        world.masters[name] ??
        world.agents[name] ??
        world.frameworks[name])
      : world[kind][name];
  if (it === undefined) throw new Error(`no host ${name}`);
  return it;
}

function stop(it: { running: boolean; held: boolean; ours: string[] }): void {
  it.running = false;
  it.held = true;
  mark(it, 'drop-in');
}

function mark(it: { ours: string[] }, what: string): void {
  if (!it.ours.includes(what)) it.ours = [...it.ours, what].sort();
}

export { reach };
