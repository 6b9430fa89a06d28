import type { Client } from '@temporalio/client';
import { PUBLISHER_TASK_QUEUE, TASK_QUEUE } from '../../src/adapters/temporal-client.js';
import { FerryError } from '../../src/domain/errors.js';
import type { TemporalServer } from '../temporal.js';

/** Somebody else's Temporal server, and a namespace of it that no other worker of zkferry serves. */
export interface BorrowedTemporal {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly namespace: string;
}

/** Migrations run there: the stage's workers would carry out their steps, on hosts of somebody's cluster. */
export class NamespaceInUseError extends FerryError {
  readonly code = 'FERRY_LAB_NAMESPACE_IN_USE';
  readonly retryable = false;
  override readonly remedy = 'take a namespace of its own for the lab, or wait until they have ended';
  constructor({ address, namespace }: BorrowedTemporal, running: readonly string[]) {
    super(`namespace ${namespace} at ${address} is in use: ${running.join(', ')}`);
  }
}

/** As one of the stage's own, but it is not ours to signal or to stop. */
export function asServer({ address }: BorrowedTemporal): TemporalServer {
  return { address, uiPort: null, pid: Number.NaN, stop: () => Promise.resolve() };
}

/** @throws NamespaceInUseError */
export async function checkUnused(client: Client, place: BorrowedTemporal): Promise<void> {
  const running = await runningIds(client);
  if (running.length > 0) throw new NamespaceInUseError(place, running);
}

/**
 * Terminates what runs of a lab's migration once its workers are gone. Its hosts end with the lab, and the next lab's
 * workers, whose hosts have the same addresses, would go on with it.
 */
export async function endMigration(client: Client, workflowId: string): Promise<void> {
  const ours = (await runningIds(client)).filter((id) => id === workflowId || id.startsWith(`${workflowId}/`));
  await Promise.all(ours.map((id) => client.workflow.getHandle(id).terminate('its lab was stopped')));
}

async function runningIds(client: Client): Promise<string[]> {
  const found: string[] = [];
  const query = `TaskQueue IN ('${TASK_QUEUE}', '${PUBLISHER_TASK_QUEUE}') AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
  return found;
}
