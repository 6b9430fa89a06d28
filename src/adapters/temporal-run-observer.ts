import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { FailingActivity, RunObservation } from '../domain/doctor/temporal-observation.js';

/** More than anybody has; a namespace that is shared may hold thousands of others. */
const MOST = 50;
const ANSWER_PATIENCE_MS = 3_000;

/** Open workflows of our type, or with ids like ours. */
export async function observeRuns(client: Client, queue: string): Promise<RunObservation[]> {
  const query =
    'ExecutionStatus = "Running" AND (WorkflowType = "migrateCluster" OR WorkflowId STARTS_WITH "zkferry-")';
  const runs: RunObservation[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const described = await client.workflow
      .getHandle(workflowId, runId)
      .describe()
      .catch(() => null);
    if (described?.status.name === 'RUNNING') runs.push(await observeRun(client, described, queue));
    if (runs.length === MOST) break;
  }
  return runs;
}

async function observeRun(
  client: Client,
  described: WorkflowExecutionDescription,
  queue: string,
): Promise<RunObservation> {
  const { workflowId, runId, type, taskQueue, startTime, raw } = described;
  const attempts = raw.pendingWorkflowTask?.attempt ?? 0;
  const { hasRun, failure } = await readEnds(client, workflowId, runId);
  const isAsked = hasRun && type === 'migrateCluster' && taskQueue === queue;
  return {
    workflowId,
    type,
    queue: taskQueue,
    ageMs: Math.max(0, Date.now() - startTime.getTime()),
    hasRun,
    attempts,
    failure: attempts > 1 ? failure : null,
    failing: failingActivity(raw),
    answers: isAsked ? await answers(client, workflowId) : null,
  };
}

function failingActivity({ pendingActivities }: WorkflowExecutionDescription['raw']): FailingActivity | null {
  const failing = (pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) =>
    lastFailure
      ? [{ activity: activityType?.name ?? '', attempts: attempt ?? 0, failure: lastFailure.message ?? '' }]
      : [],
  );
  return failing.sort((a, b) => b.attempts - a.attempts)[0] ?? null;
}

/** Whether a workflow task was ever completed, before which no code has run, and how the last one failed that did. */
async function readEnds(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<{ hasRun: boolean; failure: string | null }> {
  const about = { namespace: client.options.namespace, execution: { workflowId, runId }, maximumPageSize: 10 };
  const first = await client.workflowService.getWorkflowExecutionHistory(about);
  const last = await client.workflowService.getWorkflowExecutionHistoryReverse(about);
  const failed = (last.history?.events ?? []).find(({ workflowTaskFailedEventAttributes: found }) => found);
  return {
    hasRun: (first.history?.events ?? []).some((event) => event.workflowTaskCompletedEventAttributes),
    failure: failed?.workflowTaskFailedEventAttributes?.failure?.message ?? null,
  };
}

async function answers(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.connection.withDeadline(Date.now() + ANSWER_PATIENCE_MS, () =>
      client.workflow.getHandle(workflowId).query('status'),
    );
    return true;
  } catch {
    return false;
  }
}
