import { Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import { hostname } from 'node:os';
import pino from 'pino';
import { createActivities } from '../activities/index.js';
import { failureInterceptor } from '../activities/interceptor.js';
import type { Ports } from '../activities/ports.js';
import { FourLetterProbe } from './adapters/four-letter-probe.js';
import { MesosHttp } from './adapters/mesos-http.js';
import { ensureSearchAttributes } from './adapters/search-attributes.js';
import { SshShell } from './adapters/ssh-shell.js';
import { connectionSettings, TASK_QUEUE, TemporalUnreachableError } from './adapters/temporal-client.js';
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
  };
}

export interface WorkerOptions {
  /** Register the search attributes before polling; off where the namespace may not carry them. */
  readonly searchAttributes: boolean;
  readonly logLevel: string;
  /** Called once the worker polls. */
  readonly onPolling?: () => void;
}

/**
 * Serves migrations until SIGTERM or SIGINT.
 *
 * The settings are those that make a dead worker cost seconds (measured with Temporal's dev server
 * and PostgreSQL): a short sticky time-out, few polls for a dead host to swallow.
 *
 * @throws TemporalUnreachableError, SearchAttributesMissingError before it polls
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  // Fd 2, synchronous: the last lines before a crash are the ones that matter.
  const log = pino({ level: options.logLevel }, pino.destination({ dest: 2, sync: true }));
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry: LogEntry) => {
      log[level(entry.level)]({ ...entry.meta }, entry.message);
    }),
  });
  const { connectionOptions, address, namespace } = connectionSettings();
  if (options.searchAttributes) {
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
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: TASK_QUEUE,
      identity: `zkferry@${hostname()}:${process.pid}`,
      workflowBundle: { codePath: BUNDLE_PATH },
      activities: createActivities(realPorts()),
      interceptors: { activity: [failureInterceptor] },
      stickyQueueScheduleToStartTimeout: '1s',
      maxCachedWorkflows: 100,
      maxConcurrentActivityTaskPolls: 2,
      maxConcurrentWorkflowTaskPolls: 2,
      shutdownGraceTime: '5s',
    });
    options.onPolling?.();
    await worker.run();
  } finally {
    await connection.close();
  }
}

function level(name: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  const lower = name.toLowerCase();
  return lower === 'trace' || lower === 'debug' || lower === 'warn' || lower === 'error' ? lower : 'info';
}
