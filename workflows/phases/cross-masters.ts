import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import type { Publishing } from '../publishing.js';
import type { Crossing } from './cut-over.js';

/** The masters cross; agents and schedulers are on target already. */
export function crossMasters(ferry: Ferry, publishing: Publishing): Crossing {
  return {
    // In the window both sides are meant to differ.
    beforeWindow: () => publishing.stopWatch(),
    backOnSource: () => publishing.startWatch(),
    /** Its URL first: the host may have missed the swap as well. Or only the answer to its start was lost. */
    startLeftHeld: async (name, side, step) => {
      const master = ferry.config.masters.find((one) => one.name === name);
      if (!master) return;
      await onHost(`point ${name} at ${side}`).swapMasterUrl({ ...step, master, to: side, mayRun: true });
      const start = { ...step, host: master, unit: master.unit, start: true, deadline: null };
      await onHost(`start ${name} again`).liftHold(start);
    },
    publishAgain: () => onHost('publish the election of source again').resumePublishing(ferry.nextPublishingStep()),
    proveWhole: () =>
      prove('wait until every master counts all replicas of the registry').awaitFullLog({
        config: ferry.config,
        patienceMs: ferry.config.policy.timeouts.masterMs,
      }),
  };
}
