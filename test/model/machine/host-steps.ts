/* eslint-disable @typescript-eslint/no-unsafe-argument -- an activity's argument, of any of their types */
import type { HostActivities, MasterSwapActivities } from '../../../activities/contract.js';
import { DONE, find, iso, onHost, Refused, urlOf, type StepsOf } from './step.js';
import type { Client, Host, Master, Observer } from './world.js';

const stopped = (now: number) => ({ stoppedAt: iso(now), tookMs: 10 });
const repointed = (now: number) => ({ changed: true, mainPidBefore: 1, mainPid: 2, restartedAt: iso(now) });

/** What changes a host, each behind its fence. */
export const hostSteps: StepsOf<HostActivities & MasterSwapActivities> = {
  adoptHost: (a) => ({
    host: a.host.name,
    change: (world) => {
      const it = find(world, null, a.host.name);
      if (it.generation > a.fence.generation) throw new Refused('FERRY_FENCED', 'a later step has been here');
      it.generation = a.fence.generation;
    },
    report: () => DONE,
  }),
  releaseHost: (a) => ({
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
  }),
  installObserver: (a) =>
    onHost<Observer>(
      a,
      'observers',
      a.observer,
      (it) => {
        if (it.running && it.files !== a.ensemble) throw new Refused('FERRY_HOST_STEP', 'it must be stopped first');
        Object.assign(it, { files: a.ensemble, running: true, held: false });
        mark(it, 'installed');
      },
      () => ({ changed: true }),
    ),
  stopObserver: (a) => onHost<Observer>(a, 'observers', a.observer, stop, stopped),
  removeObserver: (a) =>
    onHost<Observer>(a, 'observers', a.observer, (it) => {
      Object.assign(it, { files: null, running: false, held: false });
      it.ours = it.ours.filter((one) => one === 'drop-in');
    }),
  parkObserver: (a) => onHost<Observer>(a, 'observers', a.observer, (it) => mark(it, 'parked')),
  flipObserver: (a) =>
    onHost<Observer>(
      a,
      'observers',
      a.observer,
      (it) => {
        if (!it.ours.includes('parked')) throw new Refused('FERRY_HOST_STEP', 'nothing is parked');
        if (it.running && it.files !== a.to) throw new Refused('FERRY_HOST_STEP', 'it must be proved stopped first');
        if (it.files !== a.to) mark(it, 'data set aside');
        Object.assign(it, { files: a.to, running: true, held: false });
      },
      (now) => ({ startedAt: iso(now) }),
    ),
  discardSetAside: (a) => ({
    host: a.observer.name,
    change: (world) => {
      const it = find(world, 'observers', a.observer.name);
      if (it.generation === 0 && !it.ours.includes('data set aside')) return;
      if (it.generation === 0 || it.generation > a.fence.generation) throw new Refused('FERRY_FENCED', 'released');
      // What was installed stays: clients are on it.
      it.ours = it.ours.filter((one) => one !== 'data set aside' && one !== 'installed');
    },
    report: () => DONE,
  }),
  prepareHold: (a) => onHost(a, null, a.host, (it: Host) => mark(it, 'drop-in')),
  holdUnit: (a) =>
    onHost(a, null, a.host, (it: Host) => {
      it.held = true;
      mark(it, 'drop-in');
    }),
  stopHeld: (a) => onHost(a, null, a.host, stop, stopped),
  liftHold: (a) =>
    onHost(a, null, a.host, (it: Host) => {
      it.held = false;
      if (a.start) it.running = true;
    }),
  repointAgent: (a) => onHost<Client>(a, 'agents', a.agent, (it) => void (it.url = urlOf(a.url)), repointed),
  repointFramework: (a) => onHost<Client>(a, 'frameworks', a.instance, (it) => void (it.url = urlOf(a.url)), repointed),
  repointMaster: (a) =>
    onHost<Master>(
      a,
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
    ),
  stopServer: (a) => onHost(a, null, a.server, stop, stopped),
  writeEpoch: (a) =>
    onHost(a, null, a.server, (it: Host, world) => {
      if (it.running) throw new Refused('FERRY_HOST_STEP', 'the server runs');
      world.epochFiles = 'raised';
    }),
  restoreEpoch: (a) =>
    onHost(a, null, a.server, (it: Host, world) => {
      if (it.running || world.epoch === 'above') throw new Refused('FERRY_HOST_STEP', 'a leader has formed since');
      world.epochFiles = 'found';
    }),
  startServer: (a) =>
    onHost(a, null, a.server, (it: Host, world) => {
      Object.assign(it, { running: true, held: false });
      if (world.epochFiles === 'raised') world.epoch = 'above';
    }),
  parkMasterUrl: (a) => onHost<Master>(a, 'masters', a.master, (it) => mark(it, 'parked')),
  swapMasterUrl: (a) =>
    onHost<Master>(
      a,
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
    ),
};

function stop(it: { running: boolean; held: boolean; ours: string[] }): void {
  it.running = false;
  it.held = true;
  mark(it, 'drop-in');
}

function mark(it: { ours: string[] }, what: string): void {
  if (!it.ours.includes(what)) it.ours = [...it.ours, what].sort();
}
