import {
  ActivityFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { HostStep } from '../activities/contract.js';
import { nextBatchSize } from '../src/domain/batches.js';
import type { ClusterConfig } from '../src/domain/config.js';
import { slower } from '../src/domain/window-forecast.js';
import type { MasterUrl, PlannedAgent } from '../src/domain/plan.js';
import type { Incident } from '../src/domain/status.js';
import { fleetNote, paceSignal, type Pace } from './messages.js';
import { look, onHost, prove } from './proxies.js';
import { incidentOf } from './saga.js';

export interface RollFleetInput {
  readonly config: ClusterConfig;
  readonly step: HostStep;
  /** Where the agents go, for summaries: `observers`, `source`, `target`. */
  readonly towards: string;
  readonly url: MasterUrl;
  /** Put each host's original line back instead of writing `url`. */
  readonly restore: boolean;
  /** Agents still to move. */
  readonly agents: readonly PlannedAgent[];
  readonly pace: Pace;
  /** Size of the batch before this one; 0 = start with the canary. */
  readonly lastBatch: number;
  /** Agents done and total over all runs of this child, for progress. */
  readonly done: number;
  readonly total: number;
  readonly failed: readonly FailedAgent[];
  /** Slowest restart over all runs of this child so far, ms; absent before the first. */
  readonly slowestMs?: number | null;
}

export interface FailedAgent {
  readonly planned: PlannedAgent;
  readonly incident: Pick<Incident, 'code' | 'host' | 'message' | 'remedy'>;
}

export interface RollFleetResult {
  readonly failed: readonly FailedAgent[];
  /** Agents not touched, because the failure budget was spent. */
  readonly left: readonly PlannedAgent[];
  /** How long the slowest agent that was restarted took to come back, ms; null = none was. */
  readonly slowestMs?: number | null;
}

/**
 * Rolls agents onto a master URL: a canary, then growing batches; stops when more agents failed than
 * the failure budget allows. Bounded history: continues as new between batches.
 */
export async function rollFleet(input: RollFleetInput): Promise<RollFleetResult> {
  let pace = input.pace;
  setHandler(paceSignal, (next) => {
    pace = next;
  });
  const { canary, batchGrowth, maxBatch, failureBudget } = input.config.policy;
  const parent = workflowInfo().parent;
  const left = [...input.agents];
  const failed = [...input.failed];
  let { lastBatch, done, slowestMs = null } = input;
  while (left.length > 0) {
    await condition(() => !pace.paused);
    if (lastBatch > 0 && pace.pauseMs > 0) await sleep(pace.pauseMs, { summary: 'pause between batches' });
    lastBatch = nextBatchSize({ last: lastBatch, canary, growth: batchGrowth, max: pace.batch ?? maxBatch });
    const batch = left.splice(0, lastBatch);
    const outcomes = await Promise.all(batch.map((planned) => moveOne(input, planned)));
    for (const outcome of outcomes) {
      if ('planned' in outcome) failed.push(outcome);
      else slowestMs = slower(slowestMs, outcome.backAfterMs);
    }
    done += batch.length;
    if (parent) {
      await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(fleetNote, {
        done: done - failed.length,
        total: input.total,
        failed: failed.length,
      });
    }
    if (failed.length > failureBudget) break;
    if (left.length > 0 && workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof rollFleet>({ ...input, agents: left, pace, lastBatch, done, failed, slowestMs });
    }
  }
  return { failed, left, slowestMs };
}

/** @returns how long a restarted agent took to be back on the new URL, or what went wrong. */
async function moveOne(
  input: RollFleetInput,
  planned: PlannedAgent,
): Promise<FailedAgent | { readonly backAfterMs: number | null }> {
  const { config, step, url } = input;
  const { agent } = planned;
  try {
    const { tasks } = await look(`read the tasks of ${agent.name}`).readTasks({ access: step.access, agent });
    await onHost(`adopt ${agent.name}`).adoptHost({ ...step, host: agent, ...(input.restore ? {} : { config }) });
    const repoint = await onHost(`restart ${agent.name} onto ${input.towards}`).repointAgent({
      ...step,
      agent,
      url: input.restore ? null : url,
    });
    const { backAfterMs } = await prove(`wait for ${agent.name} to come back with its id and tasks`).awaitAgent({
      config,
      planned,
      tasksBefore: tasks,
      repoint,
      url,
      patienceMs: config.policy.timeouts.agentMs,
    });
    return { backAfterMs: repoint.changed ? backAfterMs : null };
  } catch (cause) {
    if (isCancellation(cause) || !(cause instanceof ActivityFailure)) throw cause;
    return { planned, incident: { ...incidentOf(cause), host: agent.name } };
  }
}
