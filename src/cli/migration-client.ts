import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { FerryError } from '../domain/errors.js';
import type { MigrationStatus } from '../domain/status.js';

/** One migration per cluster: its id is the cluster's. */
export function workflowIdOf(cluster: string): string {
  return `zkferry-${cluster}`;
}

class NoMigrationError extends FerryError {
  readonly code = 'FERRY_NO_MIGRATION';
  readonly retryable = false;
  override readonly remedy = 'zkferry start, or check the cluster name and TEMPORAL_NAMESPACE';
  constructor(cluster: string) {
    super(`there is no migration of cluster ${cluster}`);
  }
}

class RefusedError extends FerryError {
  readonly code = 'FERRY_REFUSED';
  readonly retryable = false;
  override readonly remedy = 'zkferry status shows what it waits for';
}

class NoWorkerError extends FerryError {
  readonly code = 'FERRY_NO_WORKER';
  readonly retryable = true;
  override readonly remedy = 'start one: zkferry worker';
  constructor(cluster: string) {
    super(`no worker answers for the migration of cluster ${cluster}`);
  }
}

class MigrationFailedError extends FerryError {
  readonly code = 'FERRY_MIGRATION_FAILED';
  readonly retryable = false;
  override readonly remedy = 'mend what it names and start it again; nothing was written';
}

const PATIENCE_MS = 15_000;

/** The status of a running migration (needs a worker) or the result of one that has ended. */
export async function statusOf(client: Client, cluster: string): Promise<MigrationStatus> {
  const handle = client.workflow.getHandle(workflowIdOf(cluster));
  return await explained(client, cluster, async () => {
    const { status } = await handle.describe();
    if (status.name === 'COMPLETED') return (await handle.result()) as MigrationStatus;
    if (status.name !== 'RUNNING') {
      const cause: unknown = await handle.result().then(
        () => null,
        (error: unknown) => error,
      );
      throw new MigrationFailedError(`the migration has ended as ${status.name}: ${deepest(cause)}`);
    }
    return await handle.query<MigrationStatus>('status');
  });
}

/** Sends an operator's message and returns the workflow's answer. @throws RefusedError with its sentence */
export async function sendUpdate(
  client: Client,
  cluster: string,
  name: string,
  message: object,
): Promise<{ accepted: string }> {
  const handle = client.workflow.getHandle(workflowIdOf(cluster));
  return await explained(client, cluster, () =>
    handle.executeUpdate<{ accepted: string }, [object]>(name, { args: [message] }),
  );
}

async function explained<T>(client: Client, cluster: string, call: () => Promise<T>): Promise<T> {
  try {
    return await client.connection.withDeadline(Date.now() + PATIENCE_MS, call);
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    if (cause instanceof WorkflowNotFoundError) throw new NoMigrationError(cluster);
    if (cause instanceof WorkflowUpdateFailedError) throw new RefusedError(deepest(cause));
    if (/deadline|DEADLINE_EXCEEDED|no poller/i.test(String((cause as Error).cause ?? cause)))
      throw new NoWorkerError(cluster);
    throw cause;
  }
}

function deepest(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
