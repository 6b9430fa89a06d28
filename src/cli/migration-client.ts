import {
  isGrpcServiceError,
  type Client,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { connectionSettings, TASK_QUEUE, TemporalUnreachableError } from '../adapters/temporal-client.js';
import { FerryError } from '../domain/errors.js';
import { cancelledStatus } from '../domain/cancelled.js';
import { firstStatus } from '../domain/first-status.js';
import type { MigrationStatus } from '../domain/status.js';
import { suggest } from '../domain/suggest.js';
import { MigrationFailedError, NoMigrationError, NoWorkerError, RefusedError } from './migration-errors.js';
import { signalLine } from '../domain/temporal-line.js';
import { workflowIdOf } from '../domain/workflow-id.js';

/** How long an answer is waited for, ms. */
const PATIENCE_MS = 15_000;
/** As gRPC numbers them. */
const [DEADLINE_EXCEEDED, UNAVAILABLE] = [4, 14];

/**
 * The status of a running migration (needs a worker) or the result of one that has ended.
 *
 * @throws NoMigrationError, MigrationFailedError, NoWorkerError, TemporalUnreachableError
 */
export async function statusOf(client: Client, cluster: string, patienceMs = PATIENCE_MS): Promise<MigrationStatus> {
  const handle = client.workflow.getHandle(workflowIdOf(cluster));
  const within = <T>(call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + patienceMs, call);
  const described = await within(() => handle.describe()).catch((cause: unknown) => explain(client, cluster, cause));
  const { status, taskQueue } = described;
  if (status.name === 'CANCELLED') return cancelledAsDescribed(cluster, described);
  if (status.name === 'COMPLETED') return (await within(() => handle.result())) as MigrationStatus;
  if (status.name !== 'RUNNING') {
    const cause: unknown = await within(() => handle.result()).catch((error: unknown) => error);
    throw new MigrationFailedError(status.name, deepest(cause));
  }
  try {
    return await within(() => handle.query<MigrationStatus>('status'));
  } catch (cause) {
    // Temporal has just answered: only a worker can be what is missing.
    if (grpcCode(cause) !== null) throw await silence(client, cluster, taskQueue);
    throw cause;
  }
}

/** Told without a worker, from what anyone can see of it. */
function cancelledAsDescribed(cluster: string, described: WorkflowExecutionDescription): MigrationStatus {
  const { startTime, closeTime, typedSearchAttributes } = described;
  const seen = (name: string): string | undefined =>
    typedSearchAttributes.get(defineSearchAttributeKey(name, SearchAttributeType.KEYWORD));
  const phase = seen('ZkferryPhase') ?? 'preflight';
  const timeline = [{ phase, startedAt: startTime.toISOString(), endedAt: null, outcome: 'running' as const }];
  const last = { ...firstStatus(cluster, seen('ZkferryStrategy') ?? ''), phase, timeline };
  return cancelledStatus(last, (closeTime ?? startTime).toISOString());
}

/** Sends an operator's message and returns the workflow's answer. @throws RefusedError with its sentence */
export async function sendUpdate(
  client: Client,
  cluster: string,
  name: string,
  message: object,
): Promise<{ accepted: string }> {
  const handle = client.workflow.getHandle(workflowIdOf(cluster));
  try {
    return await client.connection.withDeadline(Date.now() + PATIENCE_MS, () =>
      handle.executeUpdate<{ accepted: string }, [object]>(name, { args: [message] }),
    );
  } catch (cause) {
    if (cause instanceof WorkflowUpdateFailedError) throw new RefusedError(cluster, deepest(cause));
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError || grpcCode(cause) === DEADLINE_EXCEEDED) {
      const queue = await handle.describe().then(
        ({ taskQueue }) => taskQueue,
        () => TASK_QUEUE,
      );
      const signal = signalLine(workflowIdOf(cluster), name, message);
      throw await silence(client, cluster, queue, `; as a signal the message waits for a worker: ${signal}`);
    }
    return explain(client, cluster, cause);
  }
}

async function explain(client: Client, cluster: string, cause: unknown): Promise<never> {
  if (cause instanceof FerryError) throw cause;
  if (cause instanceof WorkflowNotFoundError) {
    const others = await clustersWithMigrations(client);
    throw new NoMigrationError(cluster, client.options.namespace, suggest(cluster, others), others);
  }
  if ([DEADLINE_EXCEEDED, UNAVAILABLE].includes(grpcCode(cause) ?? -1))
    throw new TemporalUnreachableError(connectionSettings().address, deepest(cause));
  throw cause;
}

/** Why nobody answers, as far as the task queue tells. */
async function silence(client: Client, cluster: string, taskQueue: string, more = ''): Promise<NoWorkerError> {
  const namespace = client.options.namespace;
  const WORKFLOWS = 1;
  const seen = await client.workflowService
    .describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: WORKFLOWS })
    .catch(() => null);
  const queue = `task queue ${taskQueue} in namespace ${namespace}`;
  const doctor = 'zkferry doctor --temporal';
  if (taskQueue !== TASK_QUEUE) {
    const why = `it was started on ${queue}, and workers poll ${TASK_QUEUE}`;
    return new NoWorkerError(cluster, why, `${doctor} says how to start it on the right one`);
  }
  const names = [...new Set((seen?.pollers ?? []).map(({ identity }) => identity ?? ''))];
  return names.length === 0
    ? new NoWorkerError(cluster, `nobody polls ${queue}`, `start one: zkferry worker${more}`)
    : new NoWorkerError(
        cluster,
        `${names.join(', ')} polled ${queue} lately, but gives no answer`,
        `see whether it still runs, or start another one: zkferry worker; ${doctor} looks closer${more}`,
      );
}

/** Names only; none where the list cannot be had. */
async function clustersWithMigrations(client: Client): Promise<string[]> {
  const names = new Set<string>();
  try {
    for await (const { workflowId } of client.workflow.list({ query: 'WorkflowType = "migrateCluster"' })) {
      if (workflowId.startsWith('zkferry-')) names.add(workflowId.slice('zkferry-'.length));
      if (names.size === 20) break;
    }
  } catch {
    return [];
  }
  return [...names];
}

function grpcCode(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause.code : null;
}

function deepest(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
