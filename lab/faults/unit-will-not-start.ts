import { frameworkUnit } from '../hosts/trees/framework-tree.js';
import type { LabHost } from '../hosts/host.js';
import type { Fault, InjectedFault } from './fault.js';
import { hostsOf } from './some-host.js';

/** A unit dies at every start from now on; one that runs is not touched. */
export async function willNotStart(host: LabHost, unit: string): Promise<InjectedFault> {
  await host.refuseToStart(unit, true);
  return { target: host.name, declares: {}, heal: () => host.refuseToStart(unit, false) };
}

/** An observer that is started ends at once. */
export const observerWillNotStart: Fault = {
  kind: 'observer-will-not-start',
  strategies: ['observers'],
  lastsMs: [5_000, 60_000],
  async inject(scene) {
    const host = scene.random.pick(hostsOf(scene, 'observer'));
    scene.say(`the observer on ${host.name} ends at every start`);
    return willNotStart(host, 'zookeeper');
  },
};

/** A master that is started ends at once. */
export const masterWillNotComeBack: Fault = {
  kind: 'master-will-not-come-back',
  lastsMs: [5_000, 60_000],
  async inject(scene) {
    const host = scene.random.pick(hostsOf(scene, 'master'));
    scene.say(`the master on ${host.name} ends at every start`);
    return willNotStart(host, 'mesos-master');
  },
};

/** A scheduler stands still or, once restarted, does not come up: either way it does not connect again. */
export const frameworkDoesNotReconnect: Fault = {
  kind: 'framework-does-not-reconnect',
  lastsMs: [5_000, 45_000],
  async inject(scene) {
    const host = scene.random.pick(hostsOf(scene, 'framework'));
    const pid = host.mainPid(frameworkUnit);
    if (pid === null || scene.random.chance(0.5)) {
      scene.say(`the scheduler on ${host.name} ends at every start`);
      return willNotStart(host, frameworkUnit);
    }
    scene.say(`the scheduler on ${host.name} is frozen`);
    return freeze(host, pid);
  },
};

function freeze(host: LabHost, pid: number): InjectedFault {
  const signal = (name: NodeJS.Signals) => {
    // A pid of before may be another process' by now.
    if (host.mainPid(frameworkUnit) === pid) process.kill(pid, name);
  };
  signal('SIGSTOP');
  return { target: host.name, declares: {}, heal: async () => signal('SIGCONT') };
}
