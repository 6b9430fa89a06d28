import { carriedPlan } from '../carried-plan.js';
import type { ClusterConfig } from '../config.js';
import type { Finding, Plan, PlanResult } from '../plan.js';
import { block } from './finding.js';

/**
 * What a migration may hand over at once, in bytes. Above 2 MiB (`limit.blobSize.error`) the Temporal
 * server ends a workflow without undoing anything; a quarter is left for agents that join on the way.
 */
export const CARRIED_MAX_BYTES = 1.5 * 1024 * 1024;

/** Of a plan that is refused for its size, so many findings are told. */
const FINDINGS_TOLD = 100;

/** Surveys answer with plan and findings, also once everything has moved, and later ones are asked with the config: so it is asked before. */
export function sizeRules(config: ClusterConfig, plan: Plan, findings: readonly Finding[]): Finding[] {
  const carried = [
    { what: 'the plan with its findings', bytes: bytesOf({ plan, findings }) },
    { what: 'config and plan', bytes: bytesOf({ config, plan: carriedPlan(plan) }) },
  ];
  return carried
    .filter(({ bytes }) => bytes > CARRIED_MAX_BYTES)
    .map(({ what, bytes }) =>
      block('plan-too-large', {
        seen: `${what} take ${String(bytes)} bytes with ${String(plan.agents.length)} agents; at most ${String(CARRIED_MAX_BYTES)} are carried`,
      }),
    );
}

/** A plan that is refused for its size might not even reach whoever is told so; then it goes without agents and steps. */
export function deliverable(result: PlanResult): PlanResult {
  if (!result.findings.some(({ id }) => id === 'plan-too-large')) return result;
  const first = result.findings.filter(({ id }) => id === 'plan-too-large');
  const others = result.findings.filter(({ id }) => id !== 'plan-too-large').slice(0, FINDINGS_TOLD);
  return { ...result, plan: { ...result.plan, agents: [], steps: [] }, findings: [...first, ...others] };
}

/** As the data converter writes it: JSON in UTF-8; its encryption adds less than a hundred bytes. */
function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
