import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import type { Crossing } from './cut-over.js';

/** The observers cross; every client stays where it is. */
export function crossObservers(ferry: Ferry): Crossing {
  return {
    beforeWindow: () => undefined,
    backOnSource: () => undefined,
    /** An observer is flipped, not just started: it may still stand on the other side. */
    startLeftHeld: async (name, side, step, mustServe) => {
      const { config } = ferry;
      const master = config.masters.find((one) => one.name === name);
      if (master) {
        const start = { ...step, host: master, unit: master.unit, start: true, deadline: null };
        await onHost(`start ${name} again`).liftHold(start);
      }
      const observer = config.observers.find((one) => one.name === name);
      if (!observer) return;
      await onHost(`start ${name} as an observer of ${side}`).flipObserver({
        ...step,
        observer,
        to: side,
        deadline: null,
      });
      if (!mustServe) return;
      const patienceMs = config.policy.timeouts.serverMs;
      await prove(`wait until ${name} is synced with ${side}`).awaitObserver({
        config,
        observer,
        ensemble: side,
        patienceMs,
      });
    },
    proveWhole: () => Promise.resolve(),
  };
}
