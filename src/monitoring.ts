import type { Client } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { InjectedSinks, LogEntry, LogLevel, NativeConnection, Worker } from '@temporalio/worker';
import type { FerrySinks } from '../workflows/telemetry.js';
import type { Metrics } from './adapters/metrics.js';
import { runningMigrations } from './adapters/running-migrations.js';
import { scrape, startStatusServer } from './adapters/status-server.js';
import { workerLog } from './adapters/worker-log.js';
import type { Redactor } from './domain/redact.js';
import type { Telemetry } from './ports/telemetry.js';
import { version } from './version.js';

/** Once per process, before any connection. @param exporter loopback address for the SDK's own metrics; null = none */
export function installRuntime(logLevel: string, redactor: Redactor, exporter: string | null): void {
  const log = workerLog(logLevel, redactor);
  Runtime.install({
    // It would swallow them until a worker polls: before that they are to end the process.
    shutdownSignals: [],
    logger: new DefaultLogger(logLevel.toUpperCase() as LogLevel, (entry: LogEntry) => {
      log[level(entry.level)]({ ...entry.meta }, entry.message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(exporter === null ? {} : { metrics: { prometheus: { bindAddress: exporter } } }),
    },
  });
}

function level(name: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  const lower = name.toLowerCase();
  return lower === 'trace' || lower === 'debug' || lower === 'warn' || lower === 'error' ? lower : 'info';
}

/** In replay as well: a worker that takes a workflow over shows where it stands, not only what comes next. */
export function sinksTo(telemetry: Telemetry): InjectedSinks<FerrySinks> {
  return {
    ferry: { status: { fn: (_, status, atMs) => telemetry.status(status, atMs), callDuringReplay: true } },
  };
}

/** What a worker is asked for over HTTP; `workers` fills up while it starts. */
export async function serveStatus(listenAt: string, of: Served): Promise<void> {
  const { metrics, exporter, workers, taskQueues, connection, namespace, address } = of;
  await startStatusServer(listenAt, {
    metrics: [() => metrics.text(), () => scrape(exporter)],
    unhealthy: () => notIn(workers, ['INITIALIZED', 'RUNNING']),
    unready: async () =>
      workers.length < taskQueues.length
        ? 'it is starting'
        : (notIn(workers, ['RUNNING']) ?? (await unreachable(connection))),
    about: { version: version(), taskQueues, namespace, address },
  });
}

interface Served {
  readonly metrics: Metrics;
  /** Loopback address of the SDK's own metrics. */
  readonly exporter: string;
  readonly workers: readonly Worker[];
  readonly taskQueues: readonly string[];
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly address: string;
}

/**
 * A worker hears of a migration only when something happens in it, and of its termination never: so it
 * asks, too, but not while a window is open.
 */
export function askNowAndThen(client: Client, metrics: Metrics): void {
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
