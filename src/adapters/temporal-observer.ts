import { type Client, Connection, Client as TemporalClient, isGrpcServiceError } from '@temporalio/client';
import type { PlanResult } from '../domain/plan.js';
import type { QueueObservation, TemporalObservation, TemporalSettings } from '../domain/doctor/temporal-observation.js';
import { SEARCH_ATTRIBUTES } from './search-attributes.js';
import { connectionSettings, PUBLISHER_TASK_QUEUE, TASK_QUEUE } from './temporal-client.js';
import { observeRuns } from './temporal-run-observer.js';
import { measureTimers } from './timer-probe.js';

/** As Temporal's API numbers them. */
const TASKS = { workflows: 1, activities: 2 } as const;
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
const NOT_FOUND = 5;
/** For each answer, ms. */
const PATIENCE_MS = 5_000;

/**
 * Looks at the Temporal server as it shows itself to anybody who may use the namespace; starts nothing,
 * unless the timers are to be measured.
 */
export async function observeTemporal(options: { readonly measure: boolean }): Promise<TemporalObservation> {
  let settings: TemporalSettings = { address: '', namespace: '', tls: false, apiKey: false, ...profile() };
  let connection: Connection;
  try {
    const { connectionOptions, address, namespace } = connectionSettings();
    const { tls, apiKey } = connectionOptions;
    settings = { ...settings, address, namespace, tls: Boolean(tls ?? apiKey), apiKey: apiKey !== undefined };
    connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: PATIENCE_MS });
  } catch (cause) {
    return { ...nothing(settings), problem: messageOf(cause) };
  }
  try {
    const client = new TemporalClient({ connection, namespace: settings.namespace });
    return await connection.withDeadline(Date.now() + 4 * PATIENCE_MS, () => look(client, settings, options.measure));
  } finally {
    await connection.close();
  }
}

async function look(client: Client, settings: TemporalSettings, measure: boolean): Promise<TemporalObservation> {
  const { serverVersion } = await client.workflowService.getSystemInfo({}).catch(() => ({ serverVersion: '' }));
  const namespace = await observeNamespace(client);
  const seen = { ...nothing(settings), serverVersion: serverVersion === '' ? null : serverVersion, namespace };
  if (namespace.exists === false) return seen;
  const runs = await observeRuns(client, TASK_QUEUE);
  return {
    ...seen,
    searchAttributes: await observeSearchAttributes(client),
    queues: [
      await observeQueue(client, TASK_QUEUE, 'workflows'),
      await observeQueue(client, TASK_QUEUE, 'activities'),
      await observeQueue(client, PUBLISHER_TASK_QUEUE, 'activities'),
    ],
    runs,
    timers: measure ? await measureTimers(client).catch(() => null) : await timersOfRuns(client, runs),
  };
}

async function observeNamespace(client: Client): Promise<TemporalObservation['namespace']> {
  try {
    const { config } = await client.workflowService.describeNamespace({ namespace: client.options.namespace });
    const seconds = config?.workflowExecutionRetentionTtl?.seconds;
    return { exists: true, retentionMs: seconds ? Number(seconds) * 1000 : null, problem: null };
  } catch (cause) {
    const isMissing = isGrpcServiceError(cause) && Number(cause.code) === NOT_FOUND;
    return { exists: isMissing ? false : null, retentionMs: null, problem: messageOf(cause) };
  }
}

async function observeSearchAttributes(client: Client): Promise<TemporalObservation['searchAttributes']> {
  const { connection, options } = client;
  try {
    const { customAttributes } = await (connection as Connection).operatorService.listSearchAttributes({
      namespace: options.namespace,
    });
    const found = Object.entries(customAttributes ?? {}).filter(([name]) =>
      SEARCH_ATTRIBUTES.some((one) => one === name),
    );
    return {
      types: Object.fromEntries(found.map(([name, type]) => [name, TYPES[type] ?? String(type)])),
      problem: null,
    };
  } catch (cause) {
    return { types: null, problem: messageOf(cause) };
  }
}

async function observeQueue(client: Client, queue: string, tasks: keyof typeof TASKS): Promise<QueueObservation> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: TASKS[tasks],
  });
  const now = Date.now();
  return {
    queue,
    tasks,
    pollers: (pollers ?? []).map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      agoMs: Math.max(0, now - Number(lastAccessTime?.seconds ?? 0) * 1000),
    })),
  };
}

/** Every migration measures it before its plan. */
async function timersOfRuns(client: Client, runs: TemporalObservation['runs']): Promise<TemporalObservation['timers']> {
  for (const { workflowId } of runs.filter(({ answers }) => answers === true)) {
    const planned = await client.workflow
      .getHandle(workflowId)
      .query<PlanResult | null>('plan')
      .catch(() => null);
    const lateMs = planned?.plan.temporal?.timerLateMs;
    if (typeof lateMs === 'number') return { lateMs, measuredBy: workflowId };
  }
  return null;
}

function nothing(settings: TemporalSettings): TemporalObservation {
  return {
    settings,
    problem: null,
    serverVersion: null,
    namespace: { exists: null, retentionMs: null, problem: null },
    searchAttributes: { types: null, problem: null },
    queues: [],
    runs: [],
    timers: null,
  };
}

function profile(): Pick<TemporalSettings, 'profile' | 'configFile'> {
  const { TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE } = process.env;
  return { profile: TEMPORAL_PROFILE ?? null, configFile: TEMPORAL_CONFIG_FILE ?? null };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
