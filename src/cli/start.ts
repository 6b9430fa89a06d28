import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type Command, Option } from 'commander';
import { TASK_QUEUE, withTemporal } from '../adapters/temporal-client.js';
import type { ClusterConfig } from '../domain/config.js';
import { FerryError } from '../domain/errors.js';
import type { Finding, PlanResult } from '../domain/plan.js';
import { confirm } from './confirm.js';
import { columnsOf, foldCommand } from './fold.js';
import { printJson, printLine, printNote } from './output.js';
import { readPlan, requireSame } from './plan-file.js';
import { readConfig, takingOver } from './read-config.js';
import { startLine } from '../domain/temporal-line.js';
import { workflowVerb, type WorkflowVerbOptions } from './workflow-verb.js';
import { workflowIdOf } from '../domain/workflow-id.js';

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

/** Started with these findings a migration would fail at once. */
class PreflightBlocksError extends FerryError {
  readonly code = 'FERRY_PREFLIGHT';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(file: string, blockers: readonly Finding[]) {
    const lines = blockers.map(({ id, host, seen }) => `  ${id}${host === null ? '' : ` on ${host}`}: ${seen}`);
    super(['preflight blocks, so nothing was started:', ...lines].join('\n'));
    this.remedy = `zkferry preflight ${file} says why and what to do`;
  }
}

interface StartOptions extends WorkflowVerbOptions {
  readonly plan?: string;
  readonly takeOver?: string;
  readonly yes?: true;
}

/** `start`: starts the workflow, which writes nothing before gate `begin` is approved. */
export function startCommand(): Command {
  return workflowVerb('start', 'start a migration: a dry run until gate begin is approved')
    .argument('[config]', 'the config', 'cluster.yaml')
    .option('--take-over <migration>', 'take over this migration, which was terminated or stranded, and go back')
    .addOption(
      new Option(
        '--plan <file>',
        'start only while a fresh survey gives the plan that zkferry plan -o has saved there; else exit code 2',
      ).conflicts('takeOver'),
    )
    .option('--yes', 'do not ask before a take-over, also on a terminal')
    .action(start);
}

async function start(file: string, options: StartOptions): Promise<void> {
  const { json, showTemporal, takeOver, plan: planFile, yes = false } = options;
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
  const saved = planFile === undefined ? null : await asPlanned(config, planFile, file);
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
  else {
    printLine(`started ${workflowId}; nothing is written before gate begin is approved`);
    printLine(`next: zkferry watch ${cluster}`);
    if (saved === null) return;
    const approve = `zkferry approve ${cluster} --gate begin --plan-hash ${saved.planHash} --by NAME`;
    printLine('then, for the plan as saved:');
    for (const line of foldCommand(approve, { columns: columnsOf(process.stdout), head: '  ' })) printLine(line);
  }
}

/** The saved plan, where a fresh look at the cluster gives it again. @throws PlanFileError, StalePlanError, PreflightBlocksError */
async function asPlanned(config: ClusterConfig, planFile: string, file: string): Promise<PlanResult> {
  const saved = await readPlan(planFile, config.cluster);
  // Drivers of ssh, ZooKeeper and HTTP: only for those who ask for it.
  const { survey } = await import('./survey.js');
  const fresh = await survey(config);
  requireSame(saved, fresh, { plan: planFile, config: file });
  const blockers = fresh.findings.filter(({ verdict }) => verdict === 'block');
  if (blockers.length > 0) throw new PreflightBlocksError(file, blockers);
  return saved;
}
