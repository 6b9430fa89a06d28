import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NamedHistory {
  readonly name: string;
  /** As `temporal workflow show --output json` prints it. */
  readonly text: string;
}

/** The history of every workflow that the server knows. */
export async function histories(client: Client): Promise<NamedHistory[]> {
  const found: NamedHistory[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    found.push({ name: `${workflowId}-${runId.slice(0, 8)}`, text: historyToJSON(history) });
  }
  return found;
}

/** Writes them into a folder, one file each, for whoever looks at a run that failed. */
export async function keepHistories(client: Client, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of await histories(client)) {
    writeFileSync(join(folder, `${name.replaceAll('/', '_')}.json`), text);
  }
}
