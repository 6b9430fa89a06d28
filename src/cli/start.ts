import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { Command } from 'commander';
import { TASK_QUEUE, withTemporal } from '../adapters/temporal-client.js';
import { FerryError } from '../domain/errors.js';
import { confirm } from './confirm.js';
import { printJson, printLine, printNote } from './output.js';
import { readConfig, takingOver } from './read-config.js';
import { startLine } from './temporal-line.js';
import { workflowVerb, type WorkflowVerbOptions } from './workflow-verb.js';
import { workflowIdOf } from './workflow-id.js';

/** A migration of the same cluster is running. */
class AlreadyRunningError extends FerryError {
  readonly code = 'FERRY_ALREADY_RUNNING';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(cluster: string) {
    super(`a migration of cluster ${cluster} is running already, as workflow ${workflowIdOf(cluster)}`);
    this.remedy = `zkferry status ${cluster}`;
  }
}

interface StartOptions extends WorkflowVerbOptions {
  readonly takeOver?: string;
  readonly yes?: true;
}

/** `start`: starts the workflow, which writes nothing before gate `begin` is approved. */
export function startCommand(): Command {
  return workflowVerb('start', 'start a migration: a dry run until gate begin is approved')
    .argument('[config]', 'the config', 'cluster.yaml')
    .option('--take-over <migration>', 'take over this migration, which was terminated or stranded, and go back')
    .option('--yes', 'do not ask before a take-over, also on a terminal')
    .action(start);
}

async function start(file: string, options: StartOptions): Promise<void> {
  const { json, showTemporal, takeOver, yes = false } = options;
  const { raw, config } = takingOver(await readConfig(file), takeOver);
  const { cluster, strategy } = config;
  const workflowId = workflowIdOf(cluster);
  if (showTemporal) {
    const taking = takeOver === undefined ? '' : `--take-over ${takeOver} `;
    printNote(`zkferry input ${taking}${file} > input.json && ${startLine(workflowId, TASK_QUEUE, 'input.json')}`);
  }
  if (takeOver !== undefined) {
    await confirm(
      {
        what: [
          `${takeOver} is fenced off, and cluster ${cluster} goes back to source.`,
          'It only goes back, never forward; nothing is written before gate begin is approved.',
        ],
        type: cluster,
      },
      yes,
    );
  }
  const runId = await withTemporal(async (client) => {
    try {
      const handle = await client.workflow.start('migrateCluster', {
        workflowId,
        taskQueue: TASK_QUEUE,
        args: [raw],
        staticSummary: `move cluster ${cluster} from source to target (${strategy})`,
      });
      return handle.firstExecutionRunId;
    } catch (cause) {
      if (cause instanceof WorkflowExecutionAlreadyStartedError) throw new AlreadyRunningError(cluster);
      throw cause;
    }
  });
  if (json) printJson({ workflowId, runId });
  else
    printLine(
      `started ${workflowId}; nothing is written before gate begin is approved\nnext: zkferry watch ${cluster}`,
    );
}
