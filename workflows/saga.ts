import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { DecisionAction, Incident } from '../src/domain/status.js';
import { RollbackOrdered } from './desk.js';
import type { Ferry } from './ferry.js';
import type { Closing } from './phases/epilogue.js';

/** A reversible stretch of the migration. Both directions may be called again after a failure. */
export interface Phase {
  readonly name: string;
  /** Stood at before every attempt; writes nothing that `compensate` would have to undo. */
  readonly gate?: () => Promise<void>;
  apply(): Promise<void>;
  /** Must succeed when `apply` never ran, or ran in part. */
  compensate(): Promise<void>;
  /** What going back costs once this phase has begun; shown in `status`. */
  readonly rollbackCost: string;
}

/** How a saga ended: all phases applied, all undone, or a person left it half undone. */
export type SagaOutcome = 'migrated' | 'rolled-back' | 'stranded';

/**
 * Applies phases in order; on the way back compensates newest first.
 *
 * A phase counts as begun before its first write, since that write may land although it is reported
 * failed. A phase that fails asks a person: `retry` applies it again, `rollback` goes back. The way
 * back is shielded from cancellation; a compensation that fails stops it until a person decides
 * (`skip` there gives up: the migration is stranded).
 */
export async function runSaga(ferry: Ferry, phases: readonly Phase[]): Promise<SagaOutcome> {
  const begun: Phase[] = [];
  try {
    for (const phase of phases) {
      await ferry.desk.safePoint();
      begun.push(phase);
      await applyWithDecisions(ferry, phase);
    }
    return 'migrated';
  } catch (cause) {
    if (!(cause instanceof RollbackOrdered) && !isCancellation(cause)) throw cause;
    ferry.desk.goBack('cancellation of the workflow');
    return await CancellationScope.nonCancellable(() => undoAll(ferry, begun));
  }
}

async function applyWithDecisions(ferry: Ferry, phase: Phase): Promise<void> {
  for (;;) {
    try {
      ferry.record.rollback(true, phase.rollbackCost, null);
      if (phase.gate) await recorded(ferry, `gate ${phase.name}`, phase.gate);
      await recorded(ferry, phase.name, () => phase.apply());
      return;
    } catch (cause) {
      if (cause instanceof RollbackOrdered || isCancellation(cause)) throw cause;
      const action = await ferry.desk.decide(incidentOf(cause), ['retry', 'rollback']);
      if (action === 'rollback') throw new RollbackOrdered(ferry.desk.rollbackOrderedBy ?? 'decision');
      await ferry.desk.safePoint();
    }
  }
}

/** One attempt, with its own entry in the timeline. */
async function recorded(ferry: Ferry, entry: string, work: () => Promise<void>): Promise<void> {
  ferry.record.enter(entry);
  ferry.record.state('running');
  try {
    await ferry.desk.interruptible(work);
    ferry.record.leave(entry, 'done');
  } catch (cause) {
    ferry.record.leave(entry, cause instanceof RollbackOrdered || isCancellation(cause) ? 'undone' : 'failed');
    throw cause;
  }
}

/** Compensates phases, newest first; to be called shielded from cancellation. */
export async function undoAll(ferry: Ferry, begun: readonly Phase[]): Promise<SagaOutcome> {
  for (const phase of [...begun].reverse()) {
    if (!(await undo(ferry, `undo ${phase.name}`, () => phase.compensate()))) return 'stranded';
  }
  return 'rolled-back';
}

/** One step of the way back, until it succeeds. @returns false when a person gives up. */
export async function undo(ferry: Ferry, name: string, work: () => Promise<void>): Promise<boolean> {
  ferry.record.enter(name);
  for (;;) {
    try {
      ferry.record.state('rolling-back');
      await work();
      ferry.record.leave(name, 'done');
      return true;
    } catch (cause) {
      const incident = incidentOf(cause);
      const ends = ferry.config.strategy === 'dual-publishing' ? ', and with it what is published in target' : '';
      const remedy = `${incident.remedy}; skip gives the way back up here and ends the migration as stranded${ends}`;
      const action = await ferry.desk.decide({ ...incident, remedy }, ['retry', 'skip']);
      if (action === 'skip') {
        ferry.record.leave(name, 'failed');
        return false;
      }
    }
  }
}

/** What follows the last phase, or the last compensation: shielded, never undone. */
export async function runClosings(ferry: Ferry, closings: readonly Closing[]): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    for (const closing of closings) {
      ferry.record.enter(closing.name);
      let outcome: 'done' | 'skipped' | null = null;
      while (outcome === null) {
        try {
          ferry.record.state(ferry.desk.rollbackOrderedBy === null ? 'running' : 'rolling-back');
          await closing.run();
          outcome = 'done';
        } catch (cause) {
          const action = await ferry.desk.decide(incidentOf(cause), ['retry', 'skip']);
          if (action === 'skip') outcome = 'skipped';
        }
      }
      ferry.record.leave(closing.name, outcome);
    }
  });
}

/** The facts of a failure, dug out of Temporal's wrappers. */
export function incidentOf(cause: unknown): Omit<Incident, 'id' | 'openedAt' | 'closedAt' | 'phase'> {
  let failure: unknown = cause;
  let summary = '';
  while (
    (failure instanceof ActivityFailure ||
      failure instanceof ChildWorkflowFailure ||
      failure instanceof TimeoutFailure) &&
    failure.cause !== undefined
  ) {
    if (failure instanceof ActivityFailure) summary = `${failure.activityType}: `;
    failure = failure.cause;
  }
  const details =
    failure instanceof ApplicationFailure
      ? (failure.details?.[0] as { host?: string | null; remedy?: string } | undefined)
      : undefined;
  return {
    code: (failure instanceof ApplicationFailure ? failure.type : null) ?? 'FERRY_STEP_FAILED',
    host: details?.host ?? null,
    message: `${summary}${failure instanceof Error ? failure.message : String(failure)}${lastSeen(failure)}`,
    remedy: details?.remedy ?? 'Look at the host, mend what is wrong there, then retry or roll back',
  };
}

/** What the heartbeats of a proof told before it ran out of time. */
function lastSeen(failure: unknown): string {
  const seen: unknown = failure instanceof TimeoutFailure ? failure.lastHeartbeatDetails : undefined;
  return typeof seen === 'string' && seen !== '' ? `; last seen: ${seen}` : '';
}

/** Actions a person may choose for one failed agent. */
export const AGENT_ACTIONS: readonly DecisionAction[] = ['retry', 'skip', 'rollback'];
