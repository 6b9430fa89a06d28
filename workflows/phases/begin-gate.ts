import { patched } from '@temporalio/workflow';
import type { PlanResult } from '../../src/domain/plan.js';
import type { Ferry } from '../ferry.js';
import { askAboutBlockers, blockersOf } from './blockers.js';

/**
 * Stands at gate `begin` until a person approves the plan as it is then. An approval may come days
 * after the survey, so everything is surveyed again before the first write: a plan that has changed
 * closes the gate again, and what speaks against it by then is for a person to see (S23).
 */
export async function passBeginGate(ferry: Ferry, survey: () => Promise<PlanResult>): Promise<void> {
  const { desk, record } = ferry;
  for (;;) {
    await desk.gate('begin');
    if (!patched('look-again-at-begin')) return;
    const approvedHash = ferry.planned.planHash;
    for (;;) {
      ferry.planned = await desk.interruptible(survey);
      record.planned(ferry.planned.planHash);
      record.window({ budgetMs: ferry.plan.budget.budgetMs });
      const blockers = blockersOf(ferry);
      if (blockers.length === 0) break;
      await askAboutBlockers(ferry, blockers);
      record.state('running');
    }
    if (ferry.planned.planHash === approvedHash) return;
  }
}
