import { renameSync } from 'node:fs';
import type { Fault } from './fault.js';
import { hostsOf } from './some-host.js';

/** An agent crashes and loses what it had written down, so that it comes back as another one. */
export const agentWithOtherId: Fault = {
  kind: 'agent-with-other-id',
  lastsMs: null,
  async inject(scene) {
    const host = scene.random.pick(hostsOf(scene, 'agent'));
    const lost = host.path('var/lib/mesos/meta');
    host.supervisor.service('mesos-slave').kill('SIGKILL', 'main');
    // It is started again only after systemd's restart delay.
    renameSync(lost, `${lost}-lost-${Date.now()}`);
    scene.say(`the agent on ${host.name} crashed and forgot who it was`);
    return {
      target: host.name,
      declares: { agents: [host.name], tasksOfAgents: [host.name] },
      heal: async () => undefined,
    };
  },
};
