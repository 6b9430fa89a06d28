import type { Payload, WorkflowHandle } from '@temporalio/client';
import type { Order, Trace } from '../domain/trace.js';

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** A payload's value; undefined where it cannot be read, for example without the codec it was sealed with. */
export type Read = (payload: Payload | null | undefined) => Promise<unknown>;

export interface OneHistory {
  /** Names the execution in its batches. */
  readonly workflowId: string;
  readonly events: readonly Event[];
}

/** What a history tells besides its activities. */
export interface Told {
  readonly traces: readonly Trace[];
  readonly orders: readonly Order[];
  /** Child workflows that were started, in order. */
  readonly children: readonly { readonly workflowId: string; readonly runId: string }[];
  /** The run that went on where this one ended. */
  readonly continuedAs: string | null;
  /** The sentence of the last plan that says where the budget comes from. */
  readonly budgetDerivation: string | null;
}

/** Reads one run's history. `batchesBefore`: how many batches earlier runs of the same fleet had. */
export async function tellHistory({ workflowId, events }: OneHistory, read: Read, batchesBefore = 0): Promise<Told> {
  const closes = new Map<string, Event>();
  const begins = new Map<string, Event>();
  for (const event of events) {
    const close = closeOf(event);
    if (close) closes.set(String(close.scheduledEventId), event);
    const { activityTaskStartedEventAttributes: begin } = event;
    if (begin) begins.set(String(begin.scheduledEventId), event);
  }
  const last = events.at(-1);
  const isClosed = last !== undefined && closesRun(last);
  const isFleet = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name === 'rollFleet';
  const traces: Trace[] = [];
  let batch = batchesBefore;
  let batchTask: string | null = null;
  let budgetDerivation: string | null = null;
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (!scheduled) continue;
    const key = String(event.eventId);
    const close = closes.get(key);
    const type = scheduled.activityType?.name ?? '';
    const task = String(scheduled.workflowTaskCompletedEventId);
    // Every batch begins by reading the tasks of all its agents, in one activation.
    if (isFleet && type === 'readTasks' && task !== batchTask) {
      batch += 1;
      batchTask = task;
    }
    const result = record(await read(close?.activityTaskCompletedEventAttributes?.result?.payloads?.[0]));
    budgetDerivation = text(record(record(result?.['plan'])?.['budget'])?.['derivation']) ?? budgetDerivation;
    traces.push({
      what: text(await read(event.userMetadata?.summary)) ?? type,
      host: hostOf(record(await read(scheduled.input?.payloads?.[0]))),
      startedAt: new Date(instantOf(event)).toISOString(),
      durationMs: close === undefined ? null : instantOf(close) - instantOf(event),
      outcome: close === undefined ? (isClosed ? 'cut-off' : 'running') : outcomeOf(close),
      attempts: begins.get(key)?.activityTaskStartedEventAttributes?.attempt ?? 1,
      batch: isFleet ? `${workflowId}#${batch}` : null,
      stoppedAt: text(result?.['stoppedAt']),
      residue: texts(result?.['residue']),
    });
  }
  const children = events.flatMap(({ childWorkflowExecutionStartedEventAttributes: child }) => {
    const { workflowId: id, runId } = child?.workflowExecution ?? {};
    return id && runId ? [{ workflowId: id, runId }] : [];
  });
  const continuedAs = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? null;
  return { traces, orders: await ordersIn(events, read), children, continuedAs, budgetDerivation };
}

/** Approvals and decisions the status has itself; these it has not. */
const ORDERS: readonly string[] = ['pause', 'resume', 'rollback', 'setPace'] satisfies readonly Order['what'][];

/** Orders as signals, which a workflow may have ignored, and as updates that it accepted. */
async function ordersIn(events: readonly Event[], read: Read): Promise<Order[]> {
  const orders: Order[] = [];
  for (const event of events) {
    const signal = event.workflowExecutionSignaledEventAttributes;
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    const name = signal?.signalName ?? update?.name ?? '';
    if (!ORDERS.includes(name)) continue;
    const message = record(await read((signal?.input ?? update?.args)?.payloads?.[0]));
    orders.push({
      what: name as Order['what'],
      by: text(message?.['by']) ?? 'unknown',
      at: new Date(instantOf(event)).toISOString(),
      note: text(message?.['reason']),
    });
  }
  return orders;
}

function closesRun(event: Event): boolean {
  const ends = [
    event.workflowExecutionCompletedEventAttributes,
    event.workflowExecutionFailedEventAttributes,
    event.workflowExecutionTimedOutEventAttributes,
    event.workflowExecutionCanceledEventAttributes,
    event.workflowExecutionTerminatedEventAttributes,
    event.workflowExecutionContinuedAsNewEventAttributes,
  ];
  return ends.some(Boolean);
}

function closeOf(event: Event) {
  return (
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes
  );
}

function outcomeOf(close: Event): Trace['outcome'] {
  if (close.activityTaskCompletedEventAttributes) return 'done';
  return close.activityTaskCanceledEventAttributes ? 'canceled' : 'failed';
}

/** Activities name their host under one of these, by what it is to them. */
function hostOf(input: Readonly<Record<string, unknown>> | null): string | null {
  for (const role of ['host', 'agent', 'observer', 'master', 'instance', 'server']) {
    const name = text(record(input?.[role])?.['name']);
    if (name !== null) return name;
  }
  return text(record(record(input?.['planned'])?.['agent'])?.['name']);
}

/** Ms since the epoch. */
function instantOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + Math.floor((eventTime?.nanos ?? 0) / 1e6);
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null;
}
