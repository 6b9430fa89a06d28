import { Command, InvalidArgumentError, Option } from 'commander';
import { connectionSettings } from '../adapters/temporal-client.js';
import { hookSecret } from '../config/hook-secrets.js';
import { QUEUE_CHOICES, runWorker, type WorkerOptions } from '../worker.js';
import { printNote } from './output.js';

/** `worker`: serves migrations until it is told to stop. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('serve migrations: run the workflows and touch hosts, servers and Mesos for them')
    .option('--no-search-attributes', 'do not register the search attributes (policy.searchAttributes: false)')
    .addOption(
      new Option('--queue <queue>', 'serve migrations, publishers (strategy dual-publishing), or all')
        .choices(QUEUE_CHOICES)
        .default('all'),
    )
    .addOption(
      new Option('--log-level <level>', 'least severe lines of the log (JSON, on standard error)')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .option(
      '--hook-commands',
      'run hooks that are commands (policy.hooks), with the rights of this worker; else they are refused',
      false,
    )
    .option(
      '--hook-secrets <reference...>',
      'secrets that webhooks may be given (policy.hooks), each as the config names it: env:NAME or file:/PATH',
      (reference: string, before: readonly string[] = []) => {
        const known = hookSecret(reference);
        if (known === null) throw new InvalidArgumentError('It must be env:NAME or file: with an absolute path.');
        return [...before, known];
      },
    )
    .option('--metrics <host:port>', 'serve /metrics, /healthz and /readyz there, for example 127.0.0.1:9464')
    .action(async (options: Omit<WorkerOptions, 'onPolling'>) => {
      await runWorker({
        ...options,
        onPolling: (taskQueues) => {
          const { address, namespace } = connectionSettings();
          const queues = taskQueues.join(' and ');
          printNote(`zkferry worker polls task queue ${queues} in namespace ${namespace} at ${address}`);
        },
      });
    });
}
