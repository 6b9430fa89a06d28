import { ApplicationFailure } from '@temporalio/workflow';
import { oldestLookMs } from '../../src/domain/look-age.js';
import type { CutOverInput } from './run-window.js';

/**
 * What the gate saw may be hours old once the window is prepared: no worker was there meanwhile (S23).
 *
 * @throws FERRY_OLD_LOOK
 */
export function refuseOldLook({ config, plan, lookedAt }: CutOverInput): void {
  if (lookedAt === undefined) return;
  const ageMs = Date.now() - lookedAt;
  if (ageMs <= oldestLookMs(plan.budget.budgetMs, config.policy.forecastShare)) return;
  const seconds = String(Math.round(ageMs / 1000));
  throw ApplicationFailure.nonRetryable(
    `the last look at the cluster is ${seconds} s old, because the preparation took that long`,
    'FERRY_OLD_LOOK',
    { host: null, remedy: 'See that workers run and hosts answer, then retry: gate cut-over looks and asks again' },
  );
}
