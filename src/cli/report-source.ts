import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { describeRun, readMigrationHistory } from '../adapters/migration-history.js';
import { FerryError } from '../domain/errors.js';
import { type Report, reportOf } from '../domain/report.js';
import type { MigrationStatus } from '../domain/status.js';
import type { Watched } from '../domain/watched.js';
import { statusOf, workflowIdOf } from './migration-client.js';

/** It was cut off before it had a result, and only a worker can still say how far it had come. */
class NoLastStatusError extends FerryError {
  readonly code = 'FERRY_NO_LAST_STATUS';
  readonly retryable = true;
  override readonly remedy =
    'start a worker (zkferry worker), then ask again; what stands where, zkferry doctor says without one';
  constructor(workflowId: string, closed: string, cause: unknown) {
    super(
      `${workflowId} has ended as ${closed}, and its last status cannot be read: ` +
        (cause instanceof Error ? cause.message : String(cause)),
    );
  }
}

const PATIENCE_MS = 15_000;

/**
 * The report of a cluster's migration, by the cluster's name or the workflow's id: what the workflow says, its
 * history, and what watchers saw. `runId` chooses an earlier migration of the same cluster.
 */
export async function reportFrom(
  client: Client,
  name: string,
  { runId, watched }: { readonly runId?: string; readonly watched: Watched | null },
): Promise<Report> {
  const cluster = await clusterOf(client, name);
  const handle = client.workflow.getHandle(workflowIdOf(cluster), runId);
  // Who knows no such migration says best what there is.
  const run = await describeRun(handle).catch(async (cause: unknown) => {
    if (cause instanceof WorkflowNotFoundError && runId === undefined) await statusOf(client, cluster);
    throw cause;
  });
  const status = await lastStatus();
  const history = await readMigrationHistory(client, run.workflowId, run.runId);
  return reportOf(status, { madeAt: new Date().toISOString(), run, watched, history });

  async function lastStatus(): Promise<MigrationStatus> {
    if (run.closed === 'completed') return (await handle.result()) as MigrationStatus;
    // Of a config that did not validate there is nothing to report.
    if (run.closed === 'running' || run.closed === 'failed') return await statusOf(client, cluster);
    const query = () => handle.query<MigrationStatus>('status');
    return await client.connection.withDeadline(Date.now() + PATIENCE_MS, query).catch((cause: unknown) => {
      throw new NoLastStatusError(run.workflowId, run.closed, cause);
    });
  }
}

/** `zkferry-c` is the migration of cluster `c`, unless there is one of a cluster with that name. */
async function clusterOf(client: Client, name: string): Promise<string> {
  if (!name.startsWith('zkferry-')) return name;
  const isCluster = await client.workflow
    .getHandle(workflowIdOf(name))
    .describe()
    .then(
      () => true,
      () => false,
    );
  return isCluster ? name : name.slice('zkferry-'.length);
}
