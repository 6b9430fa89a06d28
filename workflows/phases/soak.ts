import type { Ferry } from '../ferry.js';
import { watch } from '../proxies.js';
import type { Phase } from '../saga.js';

/** What a rollback costs once the window lies behind. */
export const AFTER_THE_WINDOW =
  'a second outage: the window is run again in the other direction, for about one session timeout';

/** Watches the invariants for the configured time. */
export function soak(ferry: Ferry): Phase {
  return {
    name: 'soak',
    rollbackCost: AFTER_THE_WINDOW,
    apply: () =>
      watch('watch leader, agents and registrations').watchSoak({
        config: ferry.config,
        ensemble: 'target',
        expectedIds: ferry.plan.agents.filter(({ id }) => !ferry.postponed.has(id)).map(({ id }) => id),
        soakMs: ferry.config.policy.soakMs,
      }),
    compensate: () => Promise.resolve(),
  };
}

/**
 * The last gate: what is approved here can no longer be rolled back.
 *
 * @param look what must hold still, looked at once it is approved: the gate may have waited for days.
 */
export function completeGate(ferry: Ferry, look: () => Promise<void> | null = () => null): Phase {
  return {
    name: 'gate complete',
    rollbackCost: AFTER_THE_WINDOW,
    apply: async () => {
      await ferry.desk.gate('complete');
      const proof = look();
      if (proof !== null) await proof;
      const reason = 'gate complete was approved, so the migration cannot be rolled back any more';
      ferry.desk.refuseRollback(reason);
      ferry.record.rollback(false, reason, null);
    },
    compensate: () => Promise.resolve(),
  };
}
