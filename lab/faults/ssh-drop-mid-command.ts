import type { Fault } from './fault.js';
import { someHost } from './some-host.js';

/** The connection to a host is cut under the next commands. */
export const sshDropMidCommand: Fault = {
  kind: 'ssh-drop-mid-command',
  lastsMs: [2_000, 15_000],
  async inject(scene) {
    const host = someHost(scene);
    const [commands, afterMs] = [scene.random.int(1, 3), scene.random.int(0, 300)];
    host.dropMidCommand(commands, afterMs);
    scene.say(`the connection to ${host.name} drops ${afterMs} ms into the next ${commands} commands`);
    return { target: host.name, declares: {}, heal: async () => host.dropMidCommand(0) };
  },
};
