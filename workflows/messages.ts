import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { PlanResult } from '../src/domain/plan.js';
import type {
  ApproveMessage,
  DecideMessage,
  MigrationStatus,
  PauseMessage,
  ResumeMessage,
  RollbackMessage,
  SetPaceMessage,
  WindowStatus,
} from '../src/domain/status.js';

/** What people may say to a migration, each as an update (answered) and as a signal of the same name. */
export interface OperatorMessages {
  approve: ApproveMessage;
  pause: PauseMessage;
  resume: ResumeMessage;
  rollback: RollbackMessage;
  decide: DecideMessage;
  setPace: SetPaceMessage;
}

export const statusQuery = defineQuery<MigrationStatus>('status');
export const planQuery = defineQuery<PlanResult | null>('plan');

/** An update's answer: one sentence. */
export interface Answer {
  readonly accepted: string;
}

export const approveUpdate = defineUpdate<Answer, [ApproveMessage]>('approve');
export const pauseUpdate = defineUpdate<Answer, [PauseMessage]>('pause');
export const resumeUpdate = defineUpdate<Answer, [ResumeMessage]>('resume');
export const rollbackUpdate = defineUpdate<Answer, [RollbackMessage]>('rollback');
export const decideUpdate = defineUpdate<Answer, [DecideMessage]>('decide');
export const setPaceUpdate = defineUpdate<Answer, [SetPaceMessage]>('setPace');

export const approveSignal = defineSignal<[ApproveMessage]>('approve');
export const pauseSignal = defineSignal<[PauseMessage]>('pause');
export const resumeSignal = defineSignal<[ResumeMessage]>('resume');
export const rollbackSignal = defineSignal<[RollbackMessage]>('rollback');
export const decideSignal = defineSignal<[DecideMessage]>('decide');
export const setPaceSignal = defineSignal<[SetPaceMessage]>('setPace');

/** From `rollFleet` to its parent after every batch. */
export interface FleetNote {
  readonly done: number;
  readonly total: number;
  readonly failed: number;
}
export const fleetNote = defineSignal<[FleetNote]>('fleetNote');

/** From `cutOver` to its parent while the window is open. */
export const windowNote = defineSignal<[Partial<WindowStatus>]>('windowNote');

/** From the parent to `rollFleet`. */
export interface Pace {
  readonly paused: boolean;
  readonly batch: number | null;
  readonly pauseMs: number;
}
export const paceSignal = defineSignal<[Pace]>('pace');
