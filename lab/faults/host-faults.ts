import type { LabHost } from '../hosts/host.js';
import type { Fault, FaultScene } from './fault.js';

/** A host that the migration has to do with: observers' hosts only where there are observers. */
function anyHost({ stage, strategy, random }: FaultScene): LabHost {
  const { masters, agents, frameworks, observers, target } = stage.lab.json;
  const crossed = strategy === 'observers' ? observers : masters;
  const rows: readonly (readonly { readonly name: string }[])[] = [masters, agents, frameworks, crossed, target];
  return stage.lab.host(random.pick(random.pick(rows)).name);
}

/** SSH takes connections and never answers; those that are there fall silent. */
export const sshHangs: Fault = {
  kind: 'ssh-hangs',
  lastsMs: [2_000, 25_000],
  async inject(scene) {
    const host = anyHost(scene);
    host.hang(true);
    return {
      target: host.name,
      declares: {},
      async heal() {
        host.hang(false);
      },
    };
  },
};

/** SSH refuses connections, and those that are there are cut. */
export const sshRefused: Fault = {
  kind: 'ssh-refused',
  lastsMs: [1_000, 20_000],
  async inject(scene) {
    const host = anyHost(scene);
    await host.sshDown();
    return { target: host.name, declares: {}, heal: () => host.sshUp() };
  },
};

/** Every SSH connection of a host is cut once, whatever runs over it. */
export const sshDropped: Fault = {
  kind: 'ssh-dropped',
  lastsMs: null,
  async inject(scene) {
    const host = anyHost(scene);
    host.dropSshConnections();
    return { target: host.name, declares: {}, heal: () => Promise.resolve() };
  },
};

/** A host loses its power: all its processes die, and it boots again after a while. */
export const hostReboots: Fault = {
  kind: 'host-reboots',
  lastsMs: [1_000, 15_000],
  async inject(scene) {
    const host = anyHost(scene);
    await host.powerOff();
    const isAgent = scene.stage.lab.json.agents.some(({ name }) => name === host.name);
    return {
      target: host.name,
      declares: isAgent ? { tasksOfAgents: [host.name] } : {},
      heal: () => host.powerOn(),
    };
  },
};
