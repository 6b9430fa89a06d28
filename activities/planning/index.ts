import { setTimeout as delay } from 'node:timers/promises';
import { planHash } from '../../src/domain/canonical-json.js';
import type { CarriedPlan } from '../../src/domain/carried-plan.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import { budgetOf, makePlan, plannedAgents } from '../../src/domain/make-plan.js';
import type { Plan } from '../../src/domain/plan.js';
import { planSteps } from '../../src/domain/plan-steps.js';
import { preflight } from '../../src/domain/preflight.js';
import { replanFindings } from '../../src/domain/preflight/replan-rules.js';
import { deliverable } from '../../src/domain/preflight/size-rules.js';
import type { Survey } from '../../src/domain/survey.js';
import { isClean, type Stragglers, stragglersOf } from '../../src/domain/straggler.js';
import type { PlanningActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { scope } from '../reach/scope.js';
import { surveyClients } from './client-survey.js';
import { surveyAll } from './survey.js';

/** Session timeouts for which it goes on looking before it reports who is left. */
const PATIENCE_SESSIONS = 3;
/** Looks per session timeout while somebody is left: what stopped processes left behind goes within one. */
const LOOKS_PER_SESSION = 4;

export function createPlanningActivities(ports: Ports): PlanningActivities {
  return {
    validateInput: ({ input }) => Promise.resolve(ports.parseInput(input)),

    async surveyAndPlan({ config, temporal }) {
      const survey: Survey = { ...(await surveyAll(ports, config)), temporal: temporal ?? null };
      const plan = makePlan(config, survey);
      const carried = temporal === undefined ? plan : { ...plan, temporal };
      return deliverable({ plan: carried, planHash: planHash(plan), findings: preflight(config, survey) });
    },

    async replan({ config, plan, migration }) {
      const survey = await surveyAll(ports, config);
      const known = new Set(plan.agents.map(({ id }) => id));
      const newcomers = plannedAgents(config, survey).filter(({ id }) => !known.has(id));
      const agents = newcomers.length === 0 ? plan.agents : [...plan.agents, ...newcomers];
      const { temporal, steps, ...hashed } = plan;
      const next: CarriedPlan = { ...hashed, agents, budget: budgetOf(config, survey) };
      const nextSteps = (newcomers.length === 0 ? steps : undefined) ?? planSteps(config, next);
      return {
        plan: {
          ...next,
          ...(steps === undefined ? {} : { steps: nextSteps }),
          ...(temporal === undefined ? {} : { temporal }),
        },
        planHash: planHash({ ...next, steps: nextSteps }),
        findings: replanFindings(config, plan, survey, migration),
      };
    },

    async findStragglers({ config, plan, twice }) {
      const { signal, heartbeat } = scope();
      heartbeat('looking for clients on source');
      let found = await look(ports, config, plan);
      if (!twice) return found;
      const { sessionMs } = config.policy.timeouts;
      const end = Date.now() + PATIENCE_SESSIONS * sessionMs;
      // Two clean looks a session timeout apart: a client in between two servers shows in one of them.
      for (let clean = isClean(found); clean || Date.now() < end;) {
        const waitMs = clean ? sessionMs : sessionMs / LOOKS_PER_SESSION;
        heartbeat(`looking again in ${String(waitMs / 1000)} s`);
        await delay(waitMs, undefined, { signal });
        found = await look(ports, config, plan);
        if (isClean(found) && clean) return found;
        clean = isClean(found);
      }
      return found;
    },
  };
}

async function look(ports: Ports, config: ClusterConfig, plan: Pick<Plan, 'agents'>): Promise<Stragglers> {
  return stragglersOf(config, plan.agents, await surveyClients(ports, config, plan.agents));
}
