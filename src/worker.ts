import { Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { LogEntry, WorkerOptions as SdkOptions } from '@temporalio/worker';
import { hostname } from 'node:os';
import pino from 'pino';
import type { PublishingScope } from '../activities/contract.js';
import { createActivities } from '../activities/index.js';
import { failureInterceptor } from '../activities/interceptor.js';
import type { Ports } from '../activities/ports.js';
import { FourLetterProbe } from './adapters/four-letter-probe.js';
import { MesosHttp } from './adapters/mesos-http.js';
import { ensureSearchAttributes } from './adapters/search-attributes.js';
import { SshShell } from './adapters/ssh-shell.js';
import { temporalRuns } from './adapters/temporal-runs.js';
import {
  connectionSettings,
  PUBLISHER_TASK_QUEUE,
  TASK_QUEUE,
  TemporalUnreachableError,
} from './adapters/temporal-client.js';
import { ZookeeperStore } from './adapters/zookeeper-store.js';
import { BUNDLE_PATH } from './bundle-workflows.js';
import { resolveSecret } from './config/credentials.js';
import { parseInput } from './config/parse-input.js';

/** The real world behind every port: the only place where adapters meet activities. */
export function realPorts(): Ports {
  return {
    probe: new FourLetterProbe(),
    store: new ZookeeperStore(),
    mesos: new MesosHttp(),
    shell: new SshShell(resolveSecret),
    secrets: resolveSecret,
    parseInput,
    runs: temporalRuns,
  };
}

/** What a worker serves: migrations, publishers (whose workers may then live elsewhere), or both. */
export const QUEUE_CHOICES = ['all', 'migration', 'publisher'] as const;
export type QueueChoice = (typeof QUEUE_CHOICES)[number];

export interface WorkerOptions {
  /** Register the search attributes before polling for migrations; off where the namespace may not carry them. */
  readonly searchAttributes: boolean;
  readonly logLevel: string;
  readonly queue: QueueChoice;
  /** Called once the worker polls these task queues. */
  readonly onPolling?: (taskQueues: readonly string[]) => void;
}

/**
 * Serves migrations until SIGTERM or SIGINT. Tests give ports of their own.
 *
 * @throws TemporalUnreachableError, SearchAttributesMissingError before it polls
 */
export async function runWorker(options: WorkerOptions, ports: Ports = realPorts()): Promise<void> {
  // Fd 2, synchronous: the last lines before a crash are the ones that matter.
  const log = pino({ level: options.logLevel }, pino.destination({ dest: 2, sync: true }));
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry: LogEntry) => {
      log[level(entry.level)]({ ...entry.meta }, entry.message);
    }),
  });
  const { connectionOptions, address, namespace } = connectionSettings();
  if (options.searchAttributes && options.queue !== 'publisher') {
    const connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: 5_000 }).catch(
      (cause: unknown) => {
        throw new TemporalUnreachableError(address, cause);
      },
    );
    try {
      await ensureSearchAttributes(connection, namespace);
    } finally {
      await connection.close();
    }
  }
  const connection = await NativeConnection.connect({ ...connectionOptions, address });
  try {
    const chosen = settingsOf(options.queue, ports);
    const workers: Worker[] = [];
    for (const settings of chosen) workers.push(await Worker.create({ ...settings, connection, namespace }));
    options.onPolling?.(chosen.map(({ taskQueue }) => taskQueue));
    await runTogether(workers);
  } finally {
    await connection.close();
  }
}

type QueueSettings = Omit<SdkOptions, 'connection' | 'namespace'>;

/**
 * The settings are those that make a dead worker cost seconds (measured with Temporal's dev server
 * and PostgreSQL): a short sticky time-out, few polls for a dead host to swallow.
 */
function settingsOf(queue: QueueChoice, ports: Ports): QueueSettings[] {
  const activities = createActivities(ports);
  const steps = Object.fromEntries(Object.entries(activities).filter(([name]) => name !== 'runPublisher'));
  const common = {
    identity: `zkferry@${hostname()}:${process.pid}`,
    interceptors: { activity: [failureInterceptor] },
  };
  const migration: QueueSettings = {
    ...common,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: BUNDLE_PATH },
    activities: steps,
    stickyQueueScheduleToStartTimeout: '1s',
    maxCachedWorkflows: 100,
    maxConcurrentActivityTaskPolls: 2,
    maxConcurrentWorkflowTaskPolls: 2,
    shutdownGraceTime: '5s',
  };
  const publisher: QueueSettings = {
    ...common,
    taskQueue: PUBLISHER_TASK_QUEUE,
    activities: { runPublisher: (step: PublishingScope) => activities.runPublisher(step) },
    maxConcurrentActivityTaskExecutions: 20,
    maxConcurrentActivityTaskPolls: 2,
    // A publisher has nothing to finish: it lets go at once, and the next one takes its session over.
    shutdownGraceTime: 0,
  };
  return queue === 'all' ? [migration, publisher] : [queue === 'migration' ? migration : publisher];
}

/** Runs workers until they are told to stop. One that fails takes the others with it, so that whoever supervises us sees it. */
async function runTogether(workers: readonly Worker[]): Promise<void> {
  const stopAll = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) => worker.run().finally(stopAll));
  const failed = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function level(name: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  const lower = name.toLowerCase();
  return lower === 'trace' || lower === 'debug' || lower === 'warn' || lower === 'error' ? lower : 'info';
}
