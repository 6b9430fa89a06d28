import { chmodSync } from 'node:fs';
import type { LabHost } from '../hosts/host.js';
import { frameworkUnit } from '../hosts/trees/framework-tree.js';
import type { Fault, FaultScene } from './fault.js';
import { freeze, kill } from './processes.js';

const MASTER = 'mesos-master';
const AGENT = 'mesos-slave';

function anyMaster({ stage, random }: FaultScene): LabHost {
  return stage.lab.host(random.pick(stage.lab.json.masters).name);
}

/** The master that says it leads; any one when none does. */
async function leader(scene: FaultScene): Promise<LabHost> {
  for (const { name, host, httpPort } of scene.stage.lab.json.masters) {
    const answer = await fetch(`http://${host}:${String(httpPort)}/metrics/snapshot`, {
      signal: AbortSignal.timeout(1_000),
    }).catch(() => null);
    const metrics = (await answer?.json().catch(() => null)) as Record<string, number> | null | undefined;
    if (metrics?.['master/elected'] === 1) return scene.stage.lab.host(name);
  }
  return anyMaster(scene);
}

/** The leading master dies; its supervisor starts it again 20 s later. */
export const leaderKilled: Fault = {
  kind: 'leader-killed',
  lastsMs: null,
  inject: async (scene) => kill(await leader(scene), MASTER),
};

/** A master, leading or not, dies; its supervisor starts it again 20 s later. */
export const masterKilled: Fault = {
  kind: 'master-killed',
  lastsMs: null,
  inject: async (scene) => kill(anyMaster(scene), MASTER),
};

/** The leading master stands still, and wakes up believing that it leads. */
export const leaderFrozen: Fault = {
  kind: 'leader-frozen',
  lastsMs: [2_000, 20_000],
  nativeOverlap: true,
  inject: async (scene) => freeze(await leader(scene), MASTER),
};

/** A master dies and does not come back for a while: its program cannot be run. */
export const masterStaysDown: Fault = {
  kind: 'master-stays-down',
  lastsMs: [5_000, 30_000],
  async inject(scene) {
    const host = anyMaster(scene);
    const program = host.path('usr/bin/mesos-init-wrapper');
    chmodSync(program, 0o000);
    const killed = kill(host, MASTER);
    return {
      ...killed,
      async heal() {
        chmodSync(program, 0o755);
      },
    };
  },
};

/** An agent's process dies, its tasks do not; its supervisor starts it again 20 s later. */
export const agentKilled: Fault = {
  kind: 'agent-killed',
  lastsMs: null,
  inject: async ({ stage, random }) => kill(stage.lab.host(random.pick(stage.lab.json.agents).name), AGENT),
};

/** A scheduler's process dies; its supervisor starts it again. */
export const frameworkKilled: Fault = {
  kind: 'framework-killed',
  lastsMs: null,
  inject: async ({ stage, random }) => kill(stage.lab.host(random.pick(stage.lab.json.frameworks).name), frameworkUnit),
};
