import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { info, warn } from './finding.js';

/**
 * The Temporal server's settings are its operator's (S22). A short timer tells whether they are the
 * ones that the reserve counts with; the window uses slower figures where they are not.
 */
export function temporalRules({ policy }: ClusterConfig, { temporal }: Survey): Finding[] {
  // Without a migration that runs nobody has a timer to measure.
  if (temporal === null || temporal.timerLateMs === null) return [];
  const seen = `the Temporal server fires a timer of 100 ms ${String(temporal.timerLateMs)} ms late`;
  if (temporal.known) {
    return [info('temporal-timers', { seen, why: 'the reserve counts with a worker that is replaced within seconds' })];
  }
  if (policy.acceptFrozenWorker) {
    return [
      info('temporal-timers', {
        seen,
        why: 'policy.acceptFrozenWorker accepts that a frozen worker may leave the cluster leaderless for longer than the budget',
      }),
    ];
  }
  return [warn('temporal-timers', { seen })];
}
