import type { Fault } from './fault.js';
import { someHost } from './some-host.js';

/** The next commands on a host do their work; their answers are lost with the connection. */
export const sshLostReply: Fault = {
  kind: 'ssh-lost-reply',
  lastsMs: [2_000, 15_000],
  async inject(scene) {
    const host = someHost(scene);
    const commands = scene.random.int(1, 3);
    host.loseReplies(commands);
    scene.say(`the next ${commands} replies of ${host.name} get lost`);
    return { target: host.name, declares: {}, heal: async () => host.loseReplies(0) };
  },
};
