import type { LabServer } from '../contract.js';
import { serverMode } from '../zookeeper/four-letter-word.js';
import type { Fault, FaultScene, InjectedFault } from './fault.js';
import { freeze, kill } from './processes.js';

const UNIT = 'zookeeper';

/** Servers are stopped as by somebody else's hand, and started again. */
async function stop({ stage }: FaultScene, servers: readonly LabServer[]): Promise<InjectedFault> {
  const hosts = servers.map(({ name }) => stage.lab.host(name));
  await Promise.all(hosts.map(({ supervisor }) => supervisor.stop(UNIT)));
  return {
    target: hosts.map(({ name }) => name).join(', '),
    declares: {},
    async heal() {
      await Promise.all(hosts.map(({ supervisor }) => supervisor.start(UNIT)));
    },
  };
}

/** Two of three, in random order. */
function quorumOf(servers: readonly LabServer[], { random }: FaultScene): LabServer[] {
  const spared = random.pick(servers);
  return servers.filter((server) => server !== spared);
}

async function leaderOf(servers: readonly LabServer[]): Promise<LabServer[]> {
  const modes = await Promise.all(servers.map(({ host, clientPort }) => serverMode(host, clientPort)));
  return servers.filter((_, nth) => modes[nth] === 'leader');
}

export const sourceLosesServer: Fault = {
  kind: 'source-loses-server',
  lastsMs: [2_000, 20_000],
  inject: (scene) => stop(scene, [scene.random.pick(scene.stage.lab.json.source)]),
};

export const sourceLosesLeader: Fault = {
  kind: 'source-loses-leader',
  lastsMs: [2_000, 20_000],
  inject: async (scene) => stop(scene, await leaderOf(scene.stage.lab.json.source)),
};

export const sourceLosesQuorum: Fault = {
  kind: 'source-loses-quorum',
  lastsMs: [1_000, 8_000],
  cutsOff: true,
  inject: (scene) => stop(scene, quorumOf(scene.stage.lab.json.source, scene)),
};

export const targetLosesServer: Fault = {
  kind: 'target-loses-server',
  lastsMs: [2_000, 20_000],
  inject: (scene) => stop(scene, [scene.random.pick(scene.stage.lab.json.target)]),
};

export const targetLosesQuorum: Fault = {
  kind: 'target-loses-quorum',
  lastsMs: [1_000, 20_000],
  inject: (scene) => stop(scene, quorumOf(scene.stage.lab.json.target, scene)),
};

/** Any ZooKeeper server that clients may sit on. */
function anyServer({ stage, strategy, random }: FaultScene): LabServer {
  const { source, target, observers } = stage.lab.json;
  return random.pick(random.pick(strategy === 'observers' ? [source, target, observers, observers] : [source, target]));
}

/** A ZooKeeper server dies; its supervisor starts it again a second later. */
export const serverKilled: Fault = {
  kind: 'zookeeper-killed',
  lastsMs: null,
  inject: async (scene) => kill(scene.stage.lab.host(anyServer(scene).name), UNIT),
};

/** A ZooKeeper server stands still: its connections stay open, nothing is answered. */
export const serverFrozen: Fault = {
  kind: 'zookeeper-frozen',
  lastsMs: [1_000, 15_000],
  inject: async (scene) => freeze(scene.stage.lab.host(anyServer(scene).name), UNIT),
};
