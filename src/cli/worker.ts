import { Command, Option } from 'commander';
import { connectionSettings, TASK_QUEUE } from '../adapters/temporal-client.js';
import { runWorker } from '../worker.js';
import { printNote } from './output.js';

/** `worker`: serves migrations until it is told to stop. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('serve migrations: run the workflows and touch hosts, servers and Mesos for them')
    .option('--no-search-attributes', 'do not register the search attributes (policy.searchAttributes: false)')
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .action(async (options: { searchAttributes: boolean; logLevel: string }) => {
      await runWorker({
        ...options,
        onPolling: () => {
          const { address, namespace } = connectionSettings();
          printNote(`zkferry worker polls task queue ${TASK_QUEUE} in namespace ${namespace} at ${address}`);
        },
      });
    });
}
