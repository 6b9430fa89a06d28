import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { MigrationRuns } from '../ports/migration-runs.js';
import { withTemporal } from './temporal-client.js';

/** As the Temporal server of this process knows it; another server's runs cannot be seen from here. */
export const temporalRuns: MigrationRuns = {
  running: (cluster, migration) =>
    withTemporal(async (client) => {
      const [workflowId = '', runId = ''] = migration.split('/');
      const itself = (await isRunning(client, workflowId, runId)) ? [migration] : [];
      const query = `WorkflowId STARTS_WITH "zkferry-${cluster}/" AND ExecutionStatus = "Running"`;
      const children: string[] = [];
      for await (const child of client.workflow.list({ query })) {
        // The list may lag behind: each is asked itself.
        if (await isRunning(client, child.workflowId, child.runId)) children.push(child.workflowId);
      }
      return [...itself, ...children];
    }),
};

async function isRunning(client: Client, workflowId: string, runId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
