import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { Command, Option } from 'commander';
import { userInfo } from 'node:os';
import { TASK_QUEUE, withTemporal } from '../adapters/temporal-client.js';
import { FerryError } from '../domain/errors.js';
import { printJson, printLine, printNote, withJson } from './output.js';
import { readConfig, takingOver } from './read-config.js';
import { describeStatus, oneLine } from './status-text.js';
import { queryLine, startLine, temporalLine, updateLine } from './temporal-line.js';
import { followMigration } from './watch.js';
import { sendUpdate, statusOf, workflowIdOf } from './migration-client.js';

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

/** The verbs that speak with a migration through Temporal. */
export function workflowCommands(): Command[] {
  return [
    start(),
    status(),
    watch(),
    message('approve', 'approve the gate that waits, for the plan with this hash')
      .requiredOption('--gate <gate>', 'begin, cut-over or complete')
      .requiredOption('--plan-hash <hash>', 'the hash shown with the plan and in status')
      .option('--note <text>', 'kept with the approval'),
    message('pause', 'pause at the next safe point; never inside the critical window'),
    message('resume', 'go on after a pause'),
    message('rollback', 'undo everything, newest first').option('--reason <text>', 'kept in the history'),
    message('decide', 'decide an incident that waits')
      .requiredOption('--incident <id>', 'as status shows it')
      .addOption(new Option('--action <action>').choices(['retry', 'skip', 'rollback']).makeOptionMandatory())
      .option('--note <text>', 'kept with the decision'),
    message('setPace', 'change the pace of rolling')
      .alias('set-pace')
      .option('--batch <n>', 'agents in a batch, at most', Number)
      .option('--pause-ms <ms>', 'pause between batches', Number),
  ];
}

function start(): Command {
  return verb('start', 'start a migration: a dry run until gate begin is approved')
    .argument('[config]', 'the config', 'cluster.yaml')
    .option('--take-over <migration>', 'take over this migration, which was terminated or stranded, and go back')
    .action(async (file: string, options: { json?: true; showTemporal?: true; takeOver?: string }) => {
      const { raw, config } = takingOver(await readConfig(file), options.takeOver);
      const workflowId = workflowIdOf(config.cluster);
      if (options.showTemporal) {
        const taking = options.takeOver === undefined ? '' : `--take-over ${options.takeOver} `;
        printNote(`zkferry input ${taking}${file} > input.json && ${startLine(workflowId, TASK_QUEUE, 'input.json')}`);
      }
      const runId = await withTemporal(async (client) => {
        try {
          const handle = await client.workflow.start('migrateCluster', {
            workflowId,
            taskQueue: TASK_QUEUE,
            args: [raw],
            staticSummary: `move cluster ${config.cluster} from source to target (${config.strategy})`,
          });
          return handle.firstExecutionRunId;
        } catch (cause) {
          if (cause instanceof WorkflowExecutionAlreadyStartedError) throw new AlreadyRunningError(config.cluster);
          throw cause;
        }
      });
      if (options.json) printJson({ workflowId, runId });
      else
        printLine(
          `started ${workflowId}; nothing is written before gate begin is approved\nnext: zkferry watch ${config.cluster}`,
        );
    });
}

function status(): Command {
  return verb('status', 'what a migration does, why it waits and what to type next')
    .argument('<cluster>')
    .option('--short', 'one line')
    .action(async (cluster: string, options: { json?: true; showTemporal?: true; short?: true }) => {
      if (options.showTemporal) printNote(queryLine(workflowIdOf(cluster), 'status'));
      const now = await withTemporal((client) => statusOf(client, cluster));
      if (options.json) printJson(now);
      else printLine(options.short ? oneLine(now) : describeStatus(now));
    });
}

function watch(): Command {
  return verb('watch', 'follow a migration to its end; the exit code tells how it ended')
    .argument('<cluster>')
    .option('--exit-on-wait', 'exit with 4 when it waits for a person')
    .action(async (cluster: string, options: { json?: true; showTemporal?: true; exitOnWait?: true }) => {
      if (options.showTemporal)
        printNote(temporalLine('workflow', 'show', '--follow', '--workflow-id', workflowIdOf(cluster)));
      process.exitCode = await withTemporal((client) =>
        followMigration(client, cluster, {
          exitOnWait: options.exitOnWait === true,
          onChange: (now) => {
            if (options.json) process.stdout.write(`${JSON.stringify(now)}\n`);
            else printLine(oneLine(now));
          },
        }),
      );
    });
}

/** A verb that is one message to the workflow. */
function message(name: string, description: string): Command {
  return verb(name, description)
    .argument('<cluster>')
    .option('--by <name>', 'who says it', userInfo().username)
    .action(async (cluster: string, options: Record<string, unknown>) => {
      const { json, showTemporal, ...fields } = options;
      const workflowId = workflowIdOf(cluster);
      if (showTemporal === true) printNote(updateLine(workflowId, name, fields));
      const answer = await withTemporal((client) => sendUpdate(client, cluster, name, fields));
      if (json === true) printJson(answer);
      else printLine(answer.accepted);
    });
}

function verb(name: string, description: string): Command {
  return withJson(new Command(name))
    .description(description)
    .option('--show-temporal', 'print the temporal command that does the same, on standard error');
}
