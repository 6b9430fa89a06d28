import { patched, sleep } from '@temporalio/workflow';
import { carriedPlan, wholePlan, withoutListedAgents } from '../../src/domain/carried-plan.js';
import { forecastOf } from '../../src/domain/forecast-of.js';
import { isOldLook } from '../../src/domain/look-age.js';
import type { WindowStatus } from '../../src/domain/status.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';
import { prove } from '../proxies.js';
import { askAboutBlockers, blockersOf, expectReturned, lostAndGone } from './blockers.js';
import { moveFleet } from './fleet.js';

/**
 * Stands at gate `cut-over` until a person approves the plan as it is then, and nothing speaks
 * against the window in a fresh look afterwards. Newcomers among the agents are one more batch (S23);
 * whoever is still on source blocks unless a person accepts the loss by name (S5, S9).
 *
 * @returns when that look was complete, ms since the epoch
 */
export async function passCutOverGate(ferry: Ferry): Promise<number> {
  const { desk, hooks } = ferry;
  const accepted = new Set<string>();
  for (;;) {
    await freshPlan(ferry);
    await nobodyLeft(ferry, accepted, true);
    await desk.gate('cut-over');
    const approvedHash = ferry.planned.planHash;
    // Within the last minute before the window, however long it was held up: whatever changed since closes the gate again.
    const looksMs: number[] = [];
    let isOld = false;
    do {
      await nobodyObjects(ferry);
      const asked = questionsOf(ferry);
      let since = Date.now();
      await freshPlan(ferry);
      // How long a survey takes is no matter, unless a hook's yes has waited for it.
      if (!hooks.areAsked) since = Date.now();
      // The gate closes again anyway, and asks when sessions of what has just moved are gone from source.
      if (ferry.planned.planHash !== approvedHash && patched('closes-before-it-looks')) break;
      await nobodyLeft(ferry, accepted, false);
      const tookMs = Date.now() - since;
      // Whatever a person has taken the time to answer, the first part of the look is as old as the question.
      isOld = isOldLook(tookMs, looksMs) || questionsOf(ferry) > asked;
      looksMs.push(tookMs);
    } while ((await desk.safePoint()) || (isOld && patched('last-minute')));
    if (ferry.planned.planHash === approvedHash) return Date.now();
  }
}

const questionsOf = ({ record }: Ferry): number => record.status.incidents.length;

/**
 * Surveys again; moves newcomers; asks a person about every blocker that stays. After the failover
 * of `move-masters` schedulers and agents may still be on their way, so it looks for as long as a
 * scheduler is given to come back.
 */
async function freshPlan(ferry: Ferry): Promise<void> {
  const { config, migration, record } = ferry;
  let patientUntil = Date.now() + config.policy.timeouts.frameworkMs;
  for (;;) {
    const known = new Set(ferry.plan.agents.map(({ id }) => id));
    const plan = carriedPlan(ferry.plan);
    ferry.planned = wholePlan(config, await prove('survey the cluster again').replan({ config, plan, migration }));
    expectReturned(ferry);
    record.planned(ferry.planned.planHash);
    record.window({ budgetMs: ferry.plan.budget.budgetMs, ...forecastBefore(ferry) });
    const newcomers = ferry.plan.agents.filter(({ id }) => !known.has(id));
    await moveFleet(ferry, { ...ferry.destination, restore: false, agents: newcomers });
    const blockers = blockersOf(ferry);
    const [first] = blockers;
    if (!first) return;
    if (Date.now() < patientUntil) {
      await sleep(3_000, { summary: `look again: ${first.id}` });
      continue;
    }
    await askAboutBlockers(ferry, blockers);
    ferry.goOn();
    patientUntil = 0;
  }
}

/** What whoever approves may read; the window itself measures a step on its hosts, too, and judges. */
function forecastBefore({ config, plan, measured, restarts }: Ferry): Partial<WindowStatus> {
  const forecast = forecastOf(config, plan, 'target', { rehearsal: measured, restarts, stepMs: null });
  return forecast === null ? {} : { forecastMs: forecast.forecastMs, derivation: forecast.derivation };
}

/**
 * Asks the hooks that may say no. Before the last look, so that nothing grows old while they think;
 * a no holds the window until a person has it asked again.
 */
async function nobodyObjects({ desk, hooks, record }: Ferry): Promise<void> {
  for (;;) {
    const objection = await hooks.askBeforeWindow();
    if (objection === null) return;
    const action = await desk.decide(
      {
        code: 'FERRY_HOOK_VETO',
        host: null,
        message: `a before-window hook says no: ${objection}`,
        remedy:
          'The window stays shut; mend what it names, then retry asks again; to do without it, roll back and start without the hook',
      },
      ['retry', 'rollback'],
    );
    if (action === 'rollback') throw new RollbackOrdered(desk.rollbackOrderedBy ?? 'decision');
    record.state('running');
  }
}

/** @param twice two looks a session timeout apart (S9), before the gate; one in the last minute. */
async function nobodyLeft(ferry: Ferry, accepted: Set<string>, twice: boolean): Promise<void> {
  const { config, desk } = ferry;
  for (;;) {
    // A host that is gone cannot be asked; should something of it be on source, it is nobody's and blocks.
    const gone = lostAndGone(ferry);
    const report = await prove('look for clients left on source').findStragglers({
      config: withoutListedAgents(config),
      plan: { agents: ferry.plan.agents.filter(({ id }) => !gone.has(id)) },
      twice,
    });
    const agents = ferry.plan.agents.filter(
      ({ agent }) => report.agentsOnSource.includes(agent.name) && !accepted.has(agent.name),
    );
    const blockers = report.findings.filter(({ verdict }) => verdict === 'block');
    if (agents.length === 0 && blockers.length === 0) return;
    const names = agents.map(({ agent }) => agent.name);
    const action = await desk.decide(
      {
        code: 'FERRY_STRAGGLERS',
        host: names[0] ?? blockers[0]?.host ?? null,
        message: [
          ...(names.length > 0 ? [`agents still on source: ${names.join(', ')}`] : []),
          ...blockers.map(({ seen }) => seen),
        ].join('; '),
        remedy: 'Retry moves these agents again and looks anew; skip accepts the loss of exactly what is named here',
      },
      blockers.length === 0 ? ['retry', 'skip', 'rollback'] : ['retry', 'rollback'],
    );
    if (action === 'rollback') throw new RollbackOrdered(desk.rollbackOrderedBy ?? 'decision');
    ferry.goOn();
    if (action === 'skip') {
      for (const { id, agent } of agents) {
        accepted.add(agent.name);
        ferry.postponed.add(id);
      }
    } else await moveFleet(ferry, { ...ferry.destination, restore: false, agents });
  }
}
