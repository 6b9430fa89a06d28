import type { Fault } from './fault.js';
import { someHost } from './some-host.js';

/** A host takes its time before every command and every answer. */
export const slowHost: Fault = {
  kind: 'slow-host',
  lastsMs: [3_000, 30_000],
  async inject(scene) {
    const host = someHost(scene);
    const delayMs = scene.random.int(200, 4_000);
    host.slowDown(delayMs);
    scene.say(`${host.name} takes ${delayMs} ms before a command and as long before its answer`);
    return { target: host.name, declares: {}, heal: async () => host.slowDown(0) };
  },
};
