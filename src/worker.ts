import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { WorkerOptions as SdkOptions } from '@temporalio/worker';
import { hostname } from 'node:os';
import type { PublishingScope } from '../activities/contract.js';
import { createActivities } from '../activities/index.js';
import { failureInterceptor } from '../activities/interceptor.js';
import type { Ports } from '../activities/ports.js';
import { dataConverter } from './adapters/data-converter.js';
import { FourLetterProbe } from './adapters/four-letter-probe.js';
import { RealHookRunner } from './adapters/hook-runner.js';
import { MesosHttp } from './adapters/mesos-http.js';
import { Metrics } from './adapters/metrics.js';
import { ensureSearchAttributes } from './adapters/search-attributes.js';
import { SshShell } from './adapters/ssh-shell.js';
import { freeLoopbackAddress } from './adapters/status-server.js';
import { temporalRuns } from './adapters/temporal-runs.js';
import {
  connectionSettings,
  PUBLISHER_TASK_QUEUE,
  TASK_QUEUE,
  TemporalUnreachableError,
} from './adapters/temporal-client.js';
import { ZookeeperStore } from './adapters/zookeeper-store.js';
import { BUNDLE_PATH, ENCRYPTING_BUNDLE_PATH } from './bundle-workflows.js';
import { resolveSecret } from './config/credentials.js';
import { hookSecret, onlyAllowedSecrets } from './config/hook-secrets.js';
import { parseInput } from './config/parse-input.js';
import { Redactor } from './domain/redact.js';
import { askNowAndThen, installRuntime, serveStatus, sinksTo } from './monitoring.js';
import { SILENT, type Telemetry } from './ports/telemetry.js';
import { version } from './version.js';

/**
 * The real world behind every port: the only place where adapters meet activities.
 *
 * @param redactor learns each secret that is resolved, so that none reaches a log or a hook's report
 */
export function realPorts(
  redactor = new Redactor(),
  telemetry: Telemetry = SILENT,
  { hookCommands = false, hookSecrets = [] }: Pick<WorkerOptions, 'hookCommands' | 'hookSecrets'> = {},
): Ports {
  const mayTell = new Set(hookSecrets);
  const secrets = async (reference: string | null): Promise<string | null> => {
    const secret = await resolveSecret(reference);
    redactor.learn(secret);
    return secret;
  };
  return {
    probe: new FourLetterProbe(),
    store: new ZookeeperStore(),
    mesos: new MesosHttp(),
    shell: new SshShell(secrets),
    secrets,
    parseInput: (input) => onlyAllowedSecrets(parseInput(input), mayTell),
    runs: temporalRuns,
    hooks: new RealHookRunner(hookCommands),
    mayTellHooks: (reference) => mayTell.has(hookSecret(reference) ?? ''),
    redactor,
    telemetry,
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
  /** HOST:PORT of `/metrics`, `/healthz` and `/readyz`; left out = none. */
  readonly metrics?: string;
  /** Whether hooks of a config may run commands on this host; left out = they may not. */
  readonly hookCommands?: boolean;
  /** References that webhooks of a config may name, as `hookSecret` writes them; left out = none. */
  readonly hookSecrets?: readonly string[];
  /** Called once the worker polls these task queues. */
  readonly onPolling?: (taskQueues: readonly string[]) => void;
}

/**
 * Serves migrations until SIGTERM or SIGINT, which end the process at once while nothing is served yet. Tests give ports of their own.
 *
 * @throws TemporalUnreachableError, SearchAttributesMissingError, ListenError before it polls
 */
export async function runWorker(options: WorkerOptions, given?: Ports): Promise<void> {
  const redactor = new Redactor();
  redactor.learnFrom(process.env);
  const metrics = new Metrics();
  metrics.worker(version(), options.queue);
  const ports = given ?? realPorts(redactor, metrics, options);
  const exporter = options.metrics === undefined ? null : await freeLoopbackAddress();
  const converter = await dataConverter();
  const converting = converter === null ? {} : { dataConverter: converter };
  const { connectionOptions, address, namespace } = connectionSettings();
  const unreachable = (cause: unknown): never => {
    throw new TemporalUnreachableError(address, cause);
  };
  if (options.searchAttributes && options.queue !== 'publisher') {
    const connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: 5_000 }).catch(
      unreachable,
    );
    try {
      await ensureSearchAttributes(connection, namespace);
    } finally {
      await connection.close();
    }
  }
  // Only now: a runtime that never had a connection keeps the process from ending.
  installRuntime(options.logLevel, redactor, exporter);
  const connection = await NativeConnection.connect({ ...connectionOptions, address }).catch(unreachable);
  try {
    const bundle = converter === null ? BUNDLE_PATH : ENCRYPTING_BUNDLE_PATH;
    const chosen = settingsOf(options.queue, ports, metrics, bundle, redactor);
    const taskQueues = chosen.map(({ taskQueue }) => taskQueue);
    const workers: Worker[] = [];
    if (options.metrics !== undefined && exporter !== null) {
      // Before any worker is there: an address that is taken must end this process, and nothing else with it.
      await serveStatus(options.metrics, { metrics, exporter, workers, taskQueues, connection, namespace, address });
      askNowAndThen(new Client({ connection, namespace, ...converting }), metrics);
    }
    for (const settings of chosen)
      workers.push(await Worker.create({ ...settings, ...converting, connection, namespace }));
    options.onPolling?.(taskQueues);
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
function settingsOf(
  queue: QueueChoice,
  ports: Ports,
  telemetry: Telemetry,
  bundle: string,
  redactor: Redactor,
): QueueSettings[] {
  const activities = createActivities(ports);
  const steps = Object.fromEntries(Object.entries(activities).filter(([name]) => name !== 'runPublisher'));
  const common = {
    identity: `zkferry@${hostname()}:${process.pid}`,
    interceptors: { activity: [failureInterceptor(redactor)] },
  };
  const migration: QueueSettings = {
    ...common,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: bundle },
    activities: steps,
    sinks: sinksTo(telemetry),
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

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2'] as const;

/** Runs workers until they are told to stop. One that fails takes the others with it, so that whoever supervises us sees it. */
async function runTogether(workers: readonly Worker[]): Promise<void> {
  const stopAll = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) => worker.run().finally(stopAll));
  // A second one ends the process as signals do, whatever still runs.
  for (const name of STOP_SIGNALS) process.once(name, stopAll);
  const failed = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected');
  for (const name of STOP_SIGNALS) process.removeListener(name, stopAll);
  if (failed?.status === 'rejected') throw failed.reason;
}
