import type { Fault } from './fault.js';
import { someHost } from './some-host.js';

/** Commands on a host cannot write. */
export const fullDisk: Fault = {
  kind: 'full-disk',
  lastsMs: [2_000, 30_000],
  async inject(scene) {
    const host = someHost(scene);
    host.fillDisk(true);
    scene.say(`the disk of ${host.name} is full`);
    return { target: host.name, declares: {}, heal: async () => host.fillDisk(false) };
  },
};
