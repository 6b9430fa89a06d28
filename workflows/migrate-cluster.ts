import {
  ApplicationFailure,
  CancellationScope,
  condition,
  allHandlersFinished,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ClusterConfig } from '../src/domain/config.js';
import type { Finding, PlanResult } from '../src/domain/plan.js';
import type { MigrationStatus } from '../src/domain/status.js';
import { Desk, RollbackOrdered } from './desk.js';
import { Ferry } from './ferry.js';
import { planQuery } from './messages.js';
import { measureTimers } from './measure-timers.js';
import { MigrationRecord } from './migration-record.js';
import { passBeginGate } from './phases/begin-gate.js';
import { leaveAsFound } from './phases/epilogue.js';
import { look, prove } from './proxies.js';
import { runClosings, runSaga, type SagaOutcome } from './saga.js';
import { strategies } from './strategies/index.js';
import { takeOver } from './take-over.js';

/**
 * Moves a live cluster from `source` to `target`; one run per cluster, by workflow id.
 *
 * Starting it is the dry run: until gate `begin` is approved nothing is written. It fails only
 * before the first write (invalid config: FERRY_CONFIG, a preflight that blocks: FERRY_PREFLIGHT);
 * afterwards it completes as `migrated`, `rolled-back` or `stranded`, and the result is the status.
 *
 * @param input the JSON that `zkferry input` prints
 */
export async function migrateCluster(input: unknown): Promise<MigrationStatus> {
  const record = new MigrationRecord();
  const desk = new Desk(record);
  let planned: PlanResult | null = null;
  let ferry: Ferry | null = null;
  setHandler(planQuery, () => ferry?.planned ?? planned, {
    description: 'The plan, its hash and the preflight verdicts',
  });

  record.enter('preflight');
  const config = await validated(input);
  record.identify(config);
  // Histories of before know no such policy.
  const from = config.policy.takeOver ?? null;
  const temporal = from === null && patched('measure-timers') ? { temporal: await measureTimers() } : {};
  const survey = () => prove('survey the cluster and make the plan').surveyAndPlan({ config, ...temporal });
  planned = from === null ? await survey() : await surveyTakeOver(config, from);
  record.planned(planned.planHash);
  record.window({ budgetMs: planned.plan.budget.budgetMs });
  refuseBlockers(planned.findings);
  record.leave('preflight', 'done');

  ferry = new Ferry(config, planned, migrationId(), record, desk);
  await carryOut(ferry);
  ferry.hooks.tell('done');
  // Also after a cancellation: the outcome is told all the same.
  await CancellationScope.nonCancellable(async () => {
    await condition(allHandlersFinished);
    await ferry?.hooks.lastTold();
  });
  return record.status;

  async function carryOut(running: Ferry): Promise<SagaOutcome> {
    try {
      record.enter('gate begin');
      // A take-over looks again by itself, once it has fenced off the run of before.
      if (from === null) await passBeginGate(running, survey);
      else await desk.gate('begin');
      record.leave('gate begin', 'done');
    } catch (cause) {
      if (!(cause instanceof RollbackOrdered)) throw cause;
      // Nothing was written, so there is nothing to undo.
      record.leave('gate begin', 'undone');
      return finish('rolled-back');
    }
    if (from !== null) return finish(await takeOver(running, from));
    const { phases, closings } = strategies[config.strategy](running);
    const outcome = await runSaga(running, phases);
    if (outcome === 'migrated') await runClosings(running, closings);
    if (outcome === 'rolled-back' && !running.lockedOut) await runClosings(running, [leaveAsFound(running)]);
    return finish(outcome);
  }

  function finish(outcome: SagaOutcome): SagaOutcome {
    const costs = {
      migrated: 'the migration is complete; source may be retired',
      'rolled-back': 'the migration has ended',
      stranded: STRANDED,
    };
    const cost = costs[outcome];
    desk.refuseRollback(cost);
    record.rollback(false, cost, null);
    record.state(outcome);
    return outcome;
  }
}

const STRANDED =
  'the migration has ended half undone; next: zkferry doctor CLUSTER.yaml, which says what stands where and how to finish';

/** @throws FERRY_TAKE_OVER_RUNNING */
async function surveyTakeOver(config: ClusterConfig, from: string): Promise<PlanResult> {
  await look('make sure that the migration to take over has ended').requireEnded({ cluster: config.cluster, from });
  const { plan, planHash, findings } = await prove('survey what the migration has left').surveyTakeOver({
    config,
    from,
    migration: migrationId(),
    agents: [],
  });
  return { plan, planHash, findings };
}

/** Stable over retries, continue-as-new and reset; names this run on hosts and in znodes. */
function migrationId(): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return `${workflowId}/${firstExecutionRunId}`;
}

async function validated(input: unknown): Promise<ClusterConfig> {
  const verdict = await look('validate the input').validateInput({ input });
  if (verdict.ok) return verdict.config;
  const lines = verdict.errors.map(({ path, message }) => `${path || '(input)'}: ${message}`);
  throw ApplicationFailure.nonRetryable(`the input is not a valid config:\n${lines.join('\n')}`, 'FERRY_CONFIG', {
    errors: verdict.errors,
  });
}

function refuseBlockers(findings: readonly Finding[]): void {
  const blockers = findings.filter((finding) => finding.verdict === 'block');
  if (blockers.length === 0) return;
  const lines = blockers.map((b) => `${b.id}${b.host ? ` on ${b.host}` : ''}: ${b.seen}. ${b.remedy ?? ''}`.trim());
  throw ApplicationFailure.nonRetryable(
    `preflight blocks, nothing was written:\n${lines.join('\n')}`,
    'FERRY_PREFLIGHT',
    {
      blockers,
    },
  );
}
