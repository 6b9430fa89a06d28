import type { Ferry } from '../ferry.js';
import { onHost } from '../proxies.js';
import type { Crossing } from './cut-over.js';

/** The observers cross; every client stays where it is. */
export function crossObservers(ferry: Ferry): Crossing {
  return {
    beforeWindow: () => undefined,
    backOnSource: () => undefined,
    /** An observer is flipped, not just started: it may still stand on the other side. */
    startLeftHeld: async (names, side) => {
      const step = ferry.nextStep();
      await Promise.all([
        ...ferry.config.masters
          .filter(({ name }) => names.includes(name))
          .map((master) =>
            onHost(`start ${master.name} again`).liftHold({
              ...step,
              host: master,
              unit: master.unit,
              start: true,
              deadline: null,
            }),
          ),
        ...ferry.config.observers
          .filter(({ name }) => names.includes(name))
          .map((observer) =>
            onHost(`start ${observer.name} as an observer of ${side}`).flipObserver({
              ...step,
              observer,
              to: side,
              deadline: null,
            }),
          ),
      ]);
    },
    proveWhole: () => Promise.resolve(),
  };
}
