import { readFile } from 'node:fs/promises';
import { planHash } from '../domain/canonical-json.js';
import type { PlanResult } from '../domain/plan.js';
import { planDifference } from '../domain/plan-difference.js';
import { planSchema } from './schemas/plan.js';
import { UsageError } from './usage-error.js';

/** The file is no plan that zkferry has saved. */
export class PlanFileError extends UsageError {
  readonly code = 'FERRY_PLAN_FILE';
  override readonly remedy = 'make it anew: zkferry plan -o FILE CONFIG';
}

/** The cluster is not any more what it was when the plan was saved; nothing was started. */
export class StalePlanError extends UsageError {
  readonly code = 'FERRY_STALE_PLAN';
  override readonly remedy: string;
  constructor(file: string, config: string, changes: readonly string[]) {
    const MOST = 10;
    const shown = changes.slice(0, MOST).map((line) => `  ${line}`);
    const more = changes.length > MOST ? [`  and ${String(changes.length - MOST)} more`] : [];
    super([`${file} is not the plan of the cluster as it is now; what has changed:`, ...shown, ...more].join('\n'));
    this.remedy = `look at the new plan and save it: zkferry plan -o ${file} ${config}`;
  }
}

/** What `zkferry plan -o` has saved. @throws PlanFileError */
export async function readPlan(file: string, cluster: string): Promise<PlanResult> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new PlanFileError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const parsed = planSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PlanFileError(`${file} is no plan: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  }
  const saved = parsed.data;
  if (planHash(saved.plan) !== saved.planHash) throw new PlanFileError(`${file} was changed after it was saved`);
  if (saved.plan.cluster !== cluster)
    throw new PlanFileError(`${file} is a plan of cluster ${saved.plan.cluster}, and the config is of ${cluster}`);
  return saved;
}

/** @throws StalePlanError when the cluster would not be migrated as saved */
export function requireSame(saved: PlanResult, fresh: PlanResult, files: { plan: string; config: string }): void {
  if (saved.planHash === fresh.planHash) return;
  throw new StalePlanError(files.plan, files.config, planDifference(saved.plan, fresh.plan));
}
