import type { Client, WorkflowHandle } from '@temporalio/client';
import type { ReportRun } from '../domain/report.js';
import type { Order, Trace } from '../domain/trace.js';
import { tellHistory, type Read } from './history-traces.js';

/** All that the histories of a migration and its children tell; it needs no worker. */
export interface MigrationHistory {
  readonly traces: readonly Trace[];
  readonly orders: readonly Order[];
  readonly budgetDerivation: string | null;
  /** Children whose history could not be read, by workflow id; their steps are missing. */
  readonly unread: readonly string[];
}

/** Reads a migration's history and those of its children, run after run. */
export async function readMigrationHistory(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<MigrationHistory> {
  const read = reader(client);
  const traces: Trace[] = [];
  const orders: Order[] = [];
  const unread: string[] = [];
  let budgetDerivation: string | null = null;
  const follow = async (id: string, firstRunId: string): Promise<void> => {
    const batches = new Set<string>();
    for (let run: string | null = firstRunId; run !== null;) {
      const { events } = await client.workflow.getHandle(id, run).fetchHistory();
      const told = await tellHistory({ workflowId: id, events: events ?? [] }, read, batches.size);
      for (const trace of told.traces) {
        traces.push(trace);
        if (trace.batch !== null) batches.add(trace.batch);
      }
      if (id === workflowId) orders.push(...told.orders);
      budgetDerivation = told.budgetDerivation ?? budgetDerivation;
      for (const child of told.children) {
        await follow(child.workflowId, child.runId).catch(() => unread.push(child.workflowId));
      }
      run = told.continuedAs;
    }
  };
  await follow(workflowId, runId);
  traces.sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  return { traces, orders, budgetDerivation, unread };
}

/** Decodes as the client would. What it cannot read is left out, and the report is the poorer for it. */
export function reader(client: Pick<Client, 'options'>): Read {
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  return async (payload) => {
    if (!payload) return undefined;
    try {
      let [decoded] = [payload];
      for (const codec of payloadCodecs.toReversed()) decoded = (await codec.decode([decoded]))[0] ?? decoded;
      return payloadConverter.fromPayload(decoded);
    } catch {
      return undefined;
    }
  };
}

const CLOSED: Readonly<Record<string, ReportRun['closed']>> = {
  COMPLETED: 'completed',
  TERMINATED: 'terminated',
  CANCELLED: 'canceled',
  TIMED_OUT: 'timed-out',
  FAILED: 'failed',
};

/** Which run it is and whether it has ended; @throws WorkflowNotFoundError */
export async function describeRun(handle: Pick<WorkflowHandle, 'describe'>): Promise<ReportRun> {
  const { workflowId, runId, status, closeTime } = await handle.describe();
  return {
    workflowId,
    runId,
    closed: CLOSED[status.name] ?? 'running',
    closedAt: closeTime?.toISOString() ?? null,
  };
}
