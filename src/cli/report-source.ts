import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { describeRun, readMigrationHistory } from '../adapters/migration-history.js';
import { cancelledStatus } from '../domain/cancelled.js';
import { FerryError } from '../domain/errors.js';
import { type Report, reportOf } from '../domain/report.js';
import type { MigrationStatus } from '../domain/status.js';
import type { Watched } from '../domain/watched.js';
import { statusOf } from './migration-client.js';
import { workflowIdOf } from '../domain/workflow-id.js';

/** A migration fails when its config does not validate: it did nothing that could be told. */
class NothingToReportError extends FerryError {
  readonly code = 'FERRY_NOTHING_TO_REPORT';
  readonly retryable = false;
  override readonly remedy = 'mend what it names and start it again; nothing was written';
}

/** It has no result, and only a worker can say how far it has come. */
class NoLastStatusError extends FerryError {
  readonly code = 'FERRY_NO_LAST_STATUS';
  readonly retryable = true;
  override readonly remedy =
    'start a worker (zkferry worker), then ask again; what stands where, zkferry doctor says without one';
  constructor(workflowId: string, closed: string, cause: string) {
    const how = closed === 'running' ? 'is running' : `has ended as ${closed}`;
    super(`${workflowId} ${how}, and no worker answers to say how far it has come: ${cause}`);
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
    if (run.closed === 'failed') {
      const cause: unknown = await handle.result().catch((error: unknown) => error);
      throw new NothingToReportError(`${run.workflowId} has failed: ${deepest(cause)}`);
    }
    if (run.closed === 'running' && runId === undefined) return await statusOf(client, cluster);
    const query = () => handle.query<MigrationStatus>('status');
    const last = await client.connection.withDeadline(Date.now() + PATIENCE_MS, query).catch((cause: unknown) => {
      throw new NoLastStatusError(run.workflowId, run.closed, deepest(cause));
    });
    return run.closed === 'canceled' ? cancelledStatus(last, run.closedAt ?? new Date().toISOString()) : last;
  }
}

function deepest(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
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
