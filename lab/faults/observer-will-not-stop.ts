import type { Fault } from './fault.js';
import { hostsOf } from './some-host.js';

/** An observer's process takes no signal, SIGKILL included; it serves on, which is the worst it can do. */
export const observerWillNotStop: Fault = {
  kind: 'observer-will-not-stop',
  strategies: ['observers'],
  lastsMs: [5_000, 60_000],
  async inject(scene) {
    const host = scene.random.pick(hostsOf(scene, 'observer'));
    host.refuseToStop('zookeeper', true);
    scene.say(`the observer on ${host.name} cannot be stopped`);
    return { target: host.name, declares: {}, heal: async () => host.refuseToStop('zookeeper', false) };
  },
};
