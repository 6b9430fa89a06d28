import type { Client } from '@temporalio/client';
import type { MigrationStatus } from '../domain/status.js';

const ANSWER_MS = 5_000;

/** What every running migration says of itself. One that does not answer, as when no worker serves it, is null. */
export async function runningMigrations(client: Client): Promise<ReadonlyMap<string, MigrationStatus | null>> {
  const found = new Map<string, MigrationStatus | null>();
  const query = "WorkflowType = 'migrateCluster' AND ExecutionStatus = 'Running'";
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const asked = client.withDeadline(Date.now() + ANSWER_MS, () => handle.query<MigrationStatus>('status'));
    found.set(workflowId.replace(/^zkferry-/, ''), await asked.catch(() => null));
  }
  return found;
}
