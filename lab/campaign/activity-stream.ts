import type { Client } from '@temporalio/client';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;
type HistoryEvent = NonNullable<NonNullable<History['history']>['events']>[number];

interface Execution {
  readonly workflowId: string;
  readonly runId?: string;
}

/**
 * Tells of every activity of a workflow and its children the moment it is scheduled, by following their histories.
 * Goes on when the server comes back after it was away; an activity is told once.
 */
export class ActivityStream {
  readonly #end = new AbortController();
  readonly #following: Promise<void>[] = [];

  constructor(
    private readonly client: Client,
    workflowId: string,
    private readonly onActivity: (name: string, workflowId: string) => void,
  ) {
    // Every poll under way listens to it: one for each workflow.
    setMaxListeners(0, this.#end.signal);
    this.#start({ workflowId });
  }

  async stop(): Promise<void> {
    this.#end.abort();
    for (let nth = 0; nth < this.#following.length; nth += 1) await this.#following[nth];
  }

  #start(execution: Execution): void {
    this.#following.push(this.#follow(execution));
  }

  async #follow(execution: Execution): Promise<void> {
    const { signal } = this.#end;
    let told = 0;
    let nextPageToken: Uint8Array | null = null;
    while (!signal.aborted) {
      try {
        const page = await this.#page(execution, nextPageToken);
        for (const event of page.history?.events ?? []) {
          const id = Number(event.eventId);
          if (id > told) this.#tell(execution, event);
          told = Math.max(told, id);
        }
        nextPageToken = page.nextPageToken ?? null;
        if (nextPageToken === null || nextPageToken.length === 0) return;
      } catch {
        // The server is away, or its answer was late: from the beginning, past what was told.
        nextPageToken = null;
        await delay(200);
      }
    }
  }

  #page(execution: Execution, nextPageToken: Uint8Array | null): Promise<History> {
    const { connection, workflowService, options } = this.client;
    const ask = () =>
      workflowService.getWorkflowExecutionHistory({
        namespace: options.namespace,
        execution,
        waitNewEvent: true,
        ...(nextPageToken === null ? {} : { nextPageToken }),
      });
    return connection.withAbortSignal(this.#end.signal, () => connection.withDeadline(Date.now() + 30_000, ask));
  }

  #tell({ workflowId }: Execution, event: HistoryEvent): void {
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (activity) this.onActivity(activity, workflowId);
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    if (child?.workflowId) this.#start({ workflowId: child.workflowId, runId: child.runId ?? '' });
    const next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (next) this.#start({ workflowId, runId: next });
  }
}
