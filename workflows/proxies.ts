import { ActivityCancellationType, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/contract.js';

/**
 * Activity stubs by patience: the only time-outs of the workflows. Each takes the sentence that the
 * Temporal UI shows on the event, for example `onHost('restart a3 onto observers').repointAgent(…)`.
 *
 * Cancellation always waits for the activity: no compensation may start while one still touches a
 * host. It arrives with a heartbeat's reply, up to 0.8 × `heartbeatTimeout` late.
 */
function stubs(options: ActivityOptions): (summary: string) => ReturnType<typeof proxyActivities<Activities>> {
  return (summary) =>
    proxyActivities<Activities>({
      ...options,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      // The server refuses summaries over 200 bytes.
      summary: summary.length > 190 ? `${summary.slice(0, 187)}...` : summary,
    });
}

/** One read of the world. */
export const look = stubs({
  startToCloseTimeout: '90s',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: 5 },
});

/** The whole survey, or a proof that waits for a straggler, a rejoining master, a returning agent. */
export const prove = stubs({
  startToCloseTimeout: '15m',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: 3 },
});

/** A watch that lasts as long as its argument says; a worker's death costs one heartbeat. */
export const watch = stubs({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 10 },
});

/** What runs beside the phases for as long as it is needed. Short heartbeats, so that another worker takes over soon. */
const BESIDE: ActivityOptions = {
  startToCloseTimeout: '365 days',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
};

/** The publisher, on a task queue of its own; nobody waits for its end, since it is fenced off then (S18). */
export const publisher = (summary: string) =>
  proxyActivities<Activities>({
    ...BESIDE,
    taskQueue: `${workflowInfo().taskQueue}-publisher`,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
  });

/** The watch over both ensembles. Its end is waited for: what it sees last counts, and its session must not outlive the migration. */
export const vigil = (summary: string) =>
  proxyActivities<Activities>({
    ...BESIDE,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });

/** A change of one host outside the window. */
export const onHost = stubs({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: 4 },
});

/**
 * A step of the critical window, forwards. The turn-back timer ends it by cancelling; its own
 * time-out lies behind that, so that the step is always told before it is given up. Short heartbeats,
 * so that a dead worker costs about two seconds.
 */
export const inWindow = (summary: string, remainingMs: number) =>
  stubs({
    scheduleToCloseTimeout: Math.max(0, remainingMs) + 10_000,
    startToCloseTimeout: Math.max(0, remainingMs) + 10_000,
    heartbeatTimeout: '2s',
    retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '1s' },
  })(summary);

/**
 * A step of the way back: the same pace, for as long as a network or a host may take to be back by itself; then a person
 * decides.
 */
export const wayBack = stubs({
  scheduleToCloseTimeout: '90s',
  startToCloseTimeout: '90s',
  heartbeatTimeout: '2s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** The last wait of the way back. Longer, since repeating the way back would stop every master again. */
export const untilLed = stubs({
  scheduleToCloseTimeout: '5m',
  startToCloseTimeout: '5m',
  heartbeatTimeout: '2s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** A step of the way back that helps but is not needed: one try of a few seconds. */
export const briefly = stubs({
  scheduleToCloseTimeout: '6s',
  startToCloseTimeout: '6s',
  heartbeatTimeout: '2s',
  retry: { maximumAttempts: 1 },
});
