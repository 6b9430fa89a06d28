import { ApplicationFailure, CancellationScope, patched, sleep } from '@temporalio/workflow';
import type { HostConfig } from '../src/domain/config.js';
import type { Ferry } from './ferry.js';
import { blockersOf, tellBlocker } from './phases/blockers.js';
import { leaveAsFound } from './phases/epilogue.js';
import { look, onHost, prove } from './proxies.js';
import { runClosings, undo, undoAll, type Phase, type SagaOutcome } from './saga.js';
import { strategies } from './strategies/index.js';

/**
 * Goes back to source from wherever migration `from` was cut off: takes over what is its, which fences
 * it off, and runs every phase's compensation, newest first, as if all had begun. It never goes on
 * forward: what was approved and measured belongs to the run that is gone.
 */
export async function takeOver(ferry: Ferry, from: string): Promise<SagaOutcome> {
  return await CancellationScope.nonCancellable(async () => {
    ferry.record.rollback(false, GOES_BACK, null);
    // Only a plan that was approved is carried out, so until then nobody may hurry it with a rollback.
    ferry.desk.refuseRollback(GOES_BACK);
    if (!(await undo(ferry, 'take over', () => fenceOff(ferry, from)))) return 'stranded';
    ferry.desk.refuseRollback(null);
    ferry.desk.goBack('the take-over');
    // Built only now: the phases begin from what was found.
    const { phases } = strategies[ferry.config.strategy](ferry);
    const outcome = await undoAll(ferry, lookBeforeClientsMove(ferry, from, phases));
    if (outcome === 'rolled-back') await runClosings(ferry, [leaveAsFound(ferry)]);
    return outcome;
  });
}

const GOES_BACK = 'the take-over itself goes back to source; nothing is moved forward';

/** Hosts first: a late start by the run of before must not meet a door that was completed here. */
async function fenceOff(ferry: Ferry, from: string): Promise<void> {
  const { config, migration } = ferry;
  await look('make sure that it has ended').requireEnded({ cluster: config.cluster, from });
  ferry.takenFrom = (await onHost('take the lock over').takeOverLock({ config, migration, from })).from;
  await survey(ferry, from);
  ferry.startAbove((ferry.found?.generation ?? 0) + BEYOND_UNSEEN);
  await adoptAll(ferry, [
    ...config.masters,
    ...config.observers,
    ...(config.strategy === 'observers' ? config.target.servers : []),
    ...clientsOf(ferry),
  ]);
  const isDual = config.strategy === 'dual-publishing';
  const ensembles = isDual || ferry.found?.targetServes ? (['source', 'target'] as const) : (['source'] as const);
  await onHost('take its znodes over').takeOverTrees({
    ...ferry.nextPublishingStep(),
    from: ferry.takenFrom,
    ensembles,
  });
  // Nothing of before can change anything any more: only now counts what stands where.
  await surveyAsApproved(ferry, from);
}

/**
 * What stands where may be known otherwise by now than when gate `begin` was approved: a host that is
 * silent for a moment means an outage for all masters. A plan that has changed closes the gate again,
 * and what speaks against it is for a person to see (S23).
 */
async function surveyAsApproved(ferry: Ferry, from: string): Promise<void> {
  const { desk, record } = ferry;
  for (;;) {
    await survey(ferry, from);
    const blockers = blockersOf(ferry);
    const approval = record.status.approvals.findLast(({ gate }) => gate === 'begin');
    const isApproved = ferry.planned.planHash === approval?.planHash;
    if (blockers.length === 0 && isApproved) return;
    if (!patched('take-over-as-approved')) return;
    if (blockers.length > 0) {
      throw ApplicationFailure.nonRetryable(blockers.map(tellBlocker).join('; '), 'FERRY_PREFLIGHT', {
        host: blockers[0]?.host ?? null,
        remedy: blockers[0]?.remedy ?? 'Mend it, then retry',
      });
    }
    await desk.gate('begin');
    record.state('rolling-back');
  }
}

/** A host that could not be looked at may hold a higher generation than any seen; a run takes some dozens. */
const BEYOND_UNSEEN = 1_000;

async function survey(ferry: Ferry, from: string): Promise<readonly string[]> {
  const { config, migration, plan } = ferry;
  const { found, ...planned } = await prove('look at what stands where').surveyTakeOver({
    config,
    from,
    migration,
    agents: plan.agents,
  });
  ferry.planned = planned;
  ferry.found = found;
  ferry.record.planned(planned.planHash);
  return found.absent;
}

/** Re-labels each host's state folder, under its lock, so that every step of the run of before is refused (S2). */
async function adoptAll(ferry: Ferry, hosts: readonly HostConfig[]): Promise<void> {
  const step = ferry.nextStep();
  for (let at = 0; at < hosts.length; at += 50) {
    await Promise.all(
      hosts
        .slice(at, at + 50)
        .map((host) => onHost(`take ${host.name} over`).adoptHost({ ...step, host, from: ferry.takenFrom })),
    );
  }
}

function clientsOf({ config, plan }: Ferry): HostConfig[] {
  return [...config.frameworks.flatMap(({ instances }) => instances), ...plan.agents.map(({ agent }) => agent)];
}

/**
 * Who the agents are only a leading master tells, and there may be none before the way back through
 * the window: so they are asked for after it, and taken over then.
 */
function lookBeforeClientsMove(ferry: Ferry, from: string, phases: readonly Phase[]): Phase[] {
  const again: Phase = {
    name: 'the absence of a leader',
    rollbackCost: '',
    apply: () => Promise.resolve(),
    compensate: async () => {
      await awaitEverybody(ferry, from);
      await adoptAll(ferry, clientsOf(ferry));
    },
  };
  return phases.flatMap((phase) => (phase.name === 'cut-over' ? [again, phase] : [phase]));
}

/** An agent or scheduler that is not back is unknown here, and would be left where it is. */
async function awaitEverybody(ferry: Ferry, from: string): Promise<void> {
  const { agentMs, frameworkMs } = ferry.config.policy.timeouts;
  const until = Date.now() + Math.max(agentMs, frameworkMs);
  for (;;) {
    const absent = await survey(ferry, from);
    if (absent.length === 0) return;
    if (Date.now() >= until) {
      throw ApplicationFailure.nonRetryable(absent.join('; '), 'FERRY_ABSENT', {
        host: null,
        remedy: 'Bring them back, or accept the loss of an agent in policy.acceptAgents, then retry',
      });
    }
    await sleep(3_000, { summary: `look again: ${absent[0] ?? ''}`.slice(0, 190) });
  }
}
