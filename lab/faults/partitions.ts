import type { Fault, FaultScene, InjectedFault } from './fault.js';
import { hostsOf, type HostRole } from './some-host.js';

/** Cuts a host, or the worker, off an ensemble. */
function cut({ stage, random, say }: FaultScene, from: string, to: string): InjectedFault {
  const direction = random.pick(['both', 'both', 'to-server', 'to-client'] as const);
  const partition = stage.lab.partition({ from, to, direction });
  say(`${from} is cut off ${to}${direction === 'both' ? '' : ` (${direction} only)`}`);
  return { target: from, declares: {}, heal: async () => partition.heal() };
}

function someone(scene: FaultScene, role: HostRole): string {
  return scene.random.pick(hostsOf(scene, role)).name;
}

function eitherEnsemble({ random }: FaultScene): string {
  return random.pick(['source', 'target']);
}

/** A master is cut off source: Mesos itself shows two claims for a while (S10). */
export const partitionMasterSource: Fault = {
  kind: 'partition-master-source',
  nativeOverlap: true,
  needs: 'partitions',
  lastsMs: [2_000, 30_000],
  inject: async (scene) => cut(scene, someone(scene, 'master'), 'source'),
};

export const partitionAgent: Fault = {
  kind: 'partition-agent',
  needs: 'partitions',
  lastsMs: [2_000, 30_000],
  inject: async (scene) => cut(scene, someone(scene, 'agent'), eitherEnsemble(scene)),
};

/** An observer's link to the servers that it follows is cut: it does not sync, or stops to serve. */
export const partitionObserver: Fault = {
  kind: 'observer-will-not-sync',
  needs: 'partitions',
  strategies: ['observers'],
  lastsMs: [3_000, 45_000],
  inject: async (scene) => cut(scene, someone(scene, 'observer'), eitherEnsemble(scene)),
};

/** The worker's own sessions and questions to an ensemble do not get through. */
export const partitionWorker: Fault = {
  kind: 'partition-worker',
  needs: 'partitions',
  lastsMs: [2_000, 30_000],
  inject: async (scene) => cut(scene, 'worker', eitherEnsemble(scene)),
};
