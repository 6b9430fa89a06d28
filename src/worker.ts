import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { InjectedSinks, LogEntry, LogLevel, WorkerOptions as SdkOptions } from '@temporalio/worker';
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
import { runningMigrations } from './adapters/running-migrations.js';
import { ensureSearchAttributes } from './adapters/search-attributes.js';
import { SshShell } from './adapters/ssh-shell.js';
import { freeLoopbackAddress, scrape, startStatusServer } from './adapters/status-server.js';
import { temporalRuns } from './adapters/temporal-runs.js';
import {
  connectionSettings,
  PUBLISHER_TASK_QUEUE,
  TASK_QUEUE,
  TemporalUnreachableError,
} from './adapters/temporal-client.js';
import { workerLog } from './adapters/worker-log.js';
import { ZookeeperStore } from './adapters/zookeeper-store.js';
import { BUNDLE_PATH, ENCRYPTING_BUNDLE_PATH } from './bundle-workflows.js';
import { resolveSecret } from './config/credentials.js';
import { parseInput } from './config/parse-input.js';
import { Redactor } from './domain/redact.js';
import { SILENT, type Telemetry } from './ports/telemetry.js';
import { version } from './version.js';
import type { FerrySinks } from '../workflows/telemetry.js';

/**
 * The real world behind every port: the only place where adapters meet activities.
 *
 * @param redactor learns each secret that is resolved, so that none reaches a log
 */
export function realPorts(redactor = new Redactor(), telemetry: Telemetry = SILENT, hookCommands = true): Ports {
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
    parseInput,
    runs: temporalRuns,
    hooks: new RealHookRunner(hookCommands),
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
  /** Whether hooks of a config may run commands on this host; by default they may. */
  readonly hookCommands?: boolean;
  /** Called once the worker polls these task queues. */
  readonly onPolling?: (taskQueues: readonly string[]) => void;
}

/**
 * Serves migrations until SIGTERM or SIGINT. Tests give ports of their own.
 *
 * @throws TemporalUnreachableError, SearchAttributesMissingError, ListenError before it polls
 */
export async function runWorker(options: WorkerOptions, given?: Ports): Promise<void> {
  const redactor = new Redactor();
  redactor.learnFrom(process.env);
  const metrics = new Metrics();
  metrics.worker(version(), options.queue);
  const ports = given ?? realPorts(redactor, metrics, options.hookCommands);
  const exporter = options.metrics === undefined ? null : await freeLoopbackAddress();
  installRuntime(options.logLevel, redactor, exporter);
  const converter = await dataConverter();
  const converting = converter === null ? {} : { dataConverter: converter };
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
    const bundle = converter === null ? BUNDLE_PATH : ENCRYPTING_BUNDLE_PATH;
    const chosen = settingsOf(options.queue, ports, metrics, bundle);
    const taskQueues = chosen.map(({ taskQueue }) => taskQueue);
    const workers: Worker[] = [];
    if (options.metrics !== undefined && exporter !== null) {
      // Before any worker is there: an address that is taken must end this process, and nothing else with it.
      await startStatusServer(options.metrics, {
        metrics: [() => metrics.text(), () => scrape(exporter)],
        unhealthy: () => notIn(workers, ['INITIALIZED', 'RUNNING']),
        unready: async () =>
          workers.length < chosen.length
            ? 'it is starting'
            : (notIn(workers, ['RUNNING']) ?? (await unreachable(connection))),
        about: { version: version(), taskQueues, namespace, address },
      });
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

/** Once per process, before any connection. @param exporter loopback address for the SDK's own metrics; null = none */
function installRuntime(logLevel: string, redactor: Redactor, exporter: string | null): void {
  const log = workerLog(logLevel, redactor);
  Runtime.install({
    logger: new DefaultLogger(logLevel.toUpperCase() as LogLevel, (entry: LogEntry) => {
      log[level(entry.level)]({ ...entry.meta }, entry.message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(exporter === null ? {} : { metrics: { prometheus: { bindAddress: exporter } } }),
    },
  });
}

/**
 * A worker hears of a migration only when something happens in it, and of its termination never: so it
 * asks, too, but not while a window is open.
 */
function askNowAndThen(client: Client, metrics: Metrics): void {
  const ask = async (): Promise<void> => {
    if (metrics.openWindows === 0) metrics.running(await runningMigrations(client));
  };
  // Nobody's work depends on the answer; the next round asks again.
  const round = (): void => void ask().catch(() => undefined);
  setTimeout(round, 2_000).unref();
  setInterval(round, ASK_EVERY_MS).unref();
}

const ASK_EVERY_MS = 60_000;

/** Null, or which worker is in none of these states. */
function notIn(workers: readonly Worker[], states: readonly string[]): string | null {
  const other = workers.find((worker) => !states.includes(worker.getState()));
  return other === undefined ? null : `the worker of ${other.options.taskQueue} is ${other.getState()}`;
}

/** Null, or why Temporal does not answer. */
async function unreachable(connection: NativeConnection): Promise<string | null> {
  try {
    await connection.withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}));
    return null;
  } catch (cause) {
    return `Temporal does not answer: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

type QueueSettings = Omit<SdkOptions, 'connection' | 'namespace'>;

/**
 * The settings are those that make a dead worker cost seconds (measured with Temporal's dev server
 * and PostgreSQL): a short sticky time-out, few polls for a dead host to swallow.
 */
function settingsOf(queue: QueueChoice, ports: Ports, telemetry: Telemetry, bundle: string): QueueSettings[] {
  const activities = createActivities(ports);
  const steps = Object.fromEntries(Object.entries(activities).filter(([name]) => name !== 'runPublisher'));
  const common = {
    identity: `zkferry@${hostname()}:${process.pid}`,
    interceptors: { activity: [failureInterceptor] },
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

/** In replay as well: a worker that takes a workflow over shows where it stands, not only what comes next. */
export function sinksTo(telemetry: Telemetry): InjectedSinks<FerrySinks> {
  return {
    ferry: { status: { fn: (_, status, atMs) => telemetry.status(status, atMs), callDuringReplay: true } },
  };
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
