import { planHash } from '../../src/domain/canonical-json.js';
import { highestGeneration } from '../../src/domain/doctor/observation.js';
import { standingOf } from '../../src/domain/doctor/standing.js';
import { takeOverPlan } from '../../src/domain/doctor/take-over-plan.js';
import { absentees, takeOverFindings } from '../../src/domain/doctor/take-over-rules.js';
import { TakeOverRunningError } from '../../src/domain/take-over-errors.js';
import type { TakeOverActivities } from '../contract.js';
import { observe } from '../doctor/observe.js';
import { surveyAll } from '../planning/survey.js';
import type { Ports } from '../ports.js';
import { createTakeOverOfTrees } from './trees.js';

/** What only a migration that takes another one over does; the lock is with the locks. */
export function createTakeOverActivities(ports: Ports): Omit<TakeOverActivities, 'takeOverLock'> {
  return {
    ...createTakeOverOfTrees(ports),

    async requireEnded({ cluster, from }) {
      // Where no engine can be asked, the fences alone keep it off.
      const running = (await ports.runs?.running(cluster, from)) ?? [];
      if (running.length > 0) throw new TakeOverRunningError(running);
    },

    async surveyTakeOver({ config, from, migration, agents }) {
      const survey = await surveyAll(ports, config);
      const seen = await observe(ports, config, agents);
      const taking = { from, migration };
      const plan = takeOverPlan(config, survey, seen, taking);
      return {
        plan,
        planHash: planHash(plan),
        findings: takeOverFindings(config, survey, seen, taking),
        found: {
          standing: standingOf(config, seen).standing,
          generation: highestGeneration(seen),
          publishing: seen.target.owner !== null,
          targetServes: seen.target.problem === null,
          absent: absentees(config, survey),
        },
      };
    },
  };
}
