import type { ClusterConfig } from './config.js';
import type { Plan, PlanResult } from './plan.js';
import { planSteps } from './plan-steps.js';

/**
 * A plan as it goes from one step of a migration to the next. Its steps stay behind: they follow from
 * config and the rest, nothing acts on them, and they are most of what the history would have to keep.
 */
export type CarriedPlan = Omit<Plan, 'steps'>;

/** A plan as an answer; one that an earlier version of a worker gives has its steps. */
export type CarriedResult = Omit<PlanResult, 'plan'> & { readonly plan: CarriedPlan & Partial<Pick<Plan, 'steps'>> };

export function carriedPlan({ steps: _steps, ...carried }: Plan): CarriedPlan {
  return carried;
}

/** The plan as people see it. */
export function wholePlan(config: ClusterConfig, { plan, ...result }: CarriedResult): PlanResult {
  return { ...result, plan: { ...plan, steps: plan.steps ?? planSteps(config, plan) } };
}

/** For steps that know their agents otherwise; a list of thousands would go with each of them. */
export function withoutListedAgents(config: ClusterConfig): ClusterConfig {
  return { ...config, agents: { ...config.agents, hosts: [] } };
}
