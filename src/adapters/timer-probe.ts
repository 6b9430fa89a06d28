import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { SHORT_TIMER_MS, TIMER_TRIES } from '../domain/temporal-timers.js';

const PATIENCE_MS = 10_000;
/** As Temporal's API numbers it. */
const COMPLETE_WORKFLOW = 4;

interface Instant {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

/**
 * Measures by the server's own clock how late it fires a short timer: an empty workflow is to start after a
 * moment, on a task queue of its own, where its first task is taken and the workflow completed at once. The
 * median of a few: an idle server fires the first one promptly, whatever its settings.
 */
export async function measureTimers(client: Client): Promise<{ lateMs: number; measuredBy: string } | null> {
  const measured: number[] = [];
  while (measured.length < TIMER_TRIES) {
    const lateMs = await measureOnce(client);
    if (lateMs === null) return null;
    measured.push(lateMs);
  }
  const median = measured.sort((a, b) => a - b)[Math.floor(measured.length / 2)] ?? 0;
  return { lateMs: Math.max(0, median), measuredBy: `median of ${String(TIMER_TRIES)}, measured just now` };
}

async function measureOnce(client: Client): Promise<number | null> {
  const { namespace } = client.options;
  const taskQueue = `zkferry.doctor/${randomUUID()}`;
  const handle = await client.workflow.start('zkferryTimerProbe', {
    workflowId: taskQueue,
    taskQueue,
    startDelay: SHORT_TIMER_MS,
    workflowExecutionTimeout: '1m',
    staticSummary: 'empty: how late are short timers here?',
  });
  const { workflowService } = client;
  const task = await client.connection
    .withDeadline(Date.now() + PATIENCE_MS, () =>
      workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue }, identity: 'zkferry doctor' }),
    )
    .catch(() => null);
  if (task === null || task.taskToken.length === 0) {
    await handle.terminate('zkferry doctor: the probe got no task').catch(() => undefined);
    return null;
  }
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken: task.taskToken,
    identity: 'zkferry doctor',
    commands: [{ commandType: COMPLETE_WORKFLOW, completeWorkflowExecutionCommandAttributes: {} }],
  });
  const events = task.history?.events ?? [];
  const started = events.find((one) => one.workflowExecutionStartedEventAttributes)?.eventTime;
  const scheduled = events.find((one) => one.workflowTaskScheduledEventAttributes)?.eventTime;
  return started && scheduled ? Math.round(msOf(scheduled) - msOf(started) - SHORT_TIMER_MS) : null;
}

function msOf({ seconds, nanos }: Instant): number {
  return Number(seconds) * 1000 + (nanos ?? 0) / 1_000_000;
}
