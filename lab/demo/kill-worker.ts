import proto from '@temporalio/proto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Activities } from '../../activities/contract.js';
import type { StrategyName } from '../../src/domain/config.js';
import { ActivityStream } from '../campaign/activity-stream.js';
import type { Migration } from '../stage/migration.js';
import type { Stage } from '../stage/stage.js';
import type { WorkerProcess } from '../stage/worker-process.js';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** The step in whose midst a worker dies: everything is stopped by then, and nobody leads. */
const STEP: Readonly<Record<StrategyName, keyof Activities>> = {
  observers: 'flipObserver',
  'dual-publishing': 'swapMasterUrl',
};

/**
 * Kills the worker that carries out a step of the critical window, the moment it has begun with it.
 *
 * @returns false when none was caught in the act before the window was over
 */
export async function killWorkerInWindow(
  stage: Stage,
  migration: Migration,
  strategy: StrategyName,
  say: (text: string) => void,
): Promise<boolean> {
  const step = STEP[strategy];
  const window = await scheduledIn(stage, migration, step);
  const worker = window === null ? null : await holderOf(stage, window, step);
  if (worker === null) {
    say(`no worker was caught in the act of ${step}; none was killed`);
    return false;
  }
  await worker.stop('SIGKILL');
  say(`killed worker ${worker.pid} in the midst of ${step}, in the critical window`);
  return true;
}

/** Id of the workflow in which the step is scheduled next; null when the migration ends first. */
async function scheduledIn({ client }: Stage, { handle }: Migration, step: string): Promise<string | null> {
  let found: (workflowId: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => (found = resolve));
  const stream = new ActivityStream(client, handle.workflowId, (name, workflowId) => {
    if (name === step) found(workflowId);
  });
  const ended = handle.result().then(
    () => null,
    () => null,
  );
  return Promise.race([first, ended]).finally(() => stream.stop());
}

/** The worker that has begun with the step and has not ended it; null when the workflow ends first. */
async function holderOf(stage: Stage, workflowId: string, step: string): Promise<WorkerProcess | null> {
  const handle = stage.client.workflow.getHandle(workflowId);
  for (;;) {
    const { raw, status } = await handle.describe();
    const holders = (raw.pendingActivities ?? [])
      .filter(
        ({ activityType, state }) =>
          activityType?.name === step && state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
      )
      .map(({ lastWorkerIdentity }) => Number(lastWorkerIdentity?.split(':').at(-1)));
    const worker = stage.workers.find(({ pid }) => holders.includes(pid));
    if (worker !== undefined) return worker;
    if (status.name !== 'RUNNING') return null;
    await delay(10);
  }
}
