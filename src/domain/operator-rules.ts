import { BATCH_MAX } from './batches.js';
import type { DecisionAction, GateName, Incident } from './status.js';

/** What an operator's message is judged against. */
export interface OperatorView {
  readonly waitingGate: GateName | null;
  readonly planHash: string | null;
  /** Incidents that wait for a decision. */
  readonly questions: readonly OpenQuestion[];
  readonly paused: boolean;
  /** Null while rollback is possible, otherwise why not. */
  readonly rollbackRefusal: string | null;
}

/** An incident and what a person may decide about it. */
export interface OpenQuestion {
  readonly incident: Incident;
  readonly actions: readonly DecisionAction[];
  /** No gate is passed and no phase begun before it is decided. */
  readonly holds: boolean;
}

const GATES: readonly string[] = ['begin', 'cut-over', 'complete'];

/** @returns null when the message is acceptable now, otherwise one sentence that says why not. */
export function refuseApprove(message: unknown, view: OperatorView): string | null {
  const m = fields(message);
  if (m === null) return 'approve takes one JSON object {gate, by, planHash, note?}';
  if (typeof m.gate !== 'string' || !GATES.includes(m.gate)) return `approve: gate must be one of ${GATES.join(', ')}`;
  if (!isName(m.by)) return 'approve: by must name the person who approves';
  if (typeof m.planHash !== 'string') return 'approve: planHash must be the hash shown with the plan';
  if (m.note !== undefined && typeof m.note !== 'string') return 'approve: note must be text';
  if (view.waitingGate === null) return `approve: no gate is waiting now, so ${m.gate} cannot be approved`;
  if (m.gate !== view.waitingGate)
    return `approve: gate ${m.gate} is not waiting; the gate that waits is ${view.waitingGate}`;
  if (m.planHash !== view.planHash) {
    return `approve: plan ${m.planHash} is not the current one; look at the plan again, its hash is ${view.planHash ?? 'none'}`;
  }
  const holding = view.questions.find(({ holds }) => holds);
  if (holding !== undefined) {
    const { id, message } = holding.incident;
    return `approve: incident ${id} holds the migration and has to be decided first: ${message}`;
  }
  return null;
}

export function refusePause(message: unknown, view: OperatorView): string | null {
  if (!isName(fields(message)?.by)) return 'pause takes one JSON object {by} naming who asks';
  return view.paused ? 'pause: the migration is paused already' : null;
}

export function refuseResume(message: unknown, view: OperatorView): string | null {
  if (!isName(fields(message)?.by)) return 'resume takes one JSON object {by} naming who asks';
  return view.paused ? null : 'resume: the migration is not paused';
}

export function refuseRollback(message: unknown, view: OperatorView): string | null {
  const m = fields(message);
  if (!isName(m?.by)) return 'rollback takes one JSON object {by, reason?} naming who orders it';
  if (m?.reason !== undefined && typeof m.reason !== 'string') return 'rollback: reason must be text';
  return view.rollbackRefusal === null ? null : `rollback: ${view.rollbackRefusal}`;
}

export function refuseDecide(message: unknown, view: OperatorView): string | null {
  const m = fields(message);
  if (m === null || typeof m.incident !== 'string' || !isName(m.by)) {
    return 'decide takes one JSON object {incident, action, by, note?}';
  }
  if (m.note !== undefined && typeof m.note !== 'string') return 'decide: note must be text';
  const question = view.questions.find(({ incident }) => incident.id === m.incident);
  if (question === undefined) {
    const open = view.questions.map(({ incident }) => incident.id);
    return `decide: incident ${m.incident} is not waiting for a decision; ${open.length > 0 ? `${open.join(', ')} is` : 'none is'}`;
  }
  if (!question.actions.includes(m.action as DecisionAction)) {
    return `decide: ${String(m.action)} is not possible for ${m.incident}; possible: ${question.actions.join(', ')}`;
  }
  return null;
}

export function refuseSetPace(message: unknown): string | null {
  const m = fields(message);
  if (m === null || !isName(m.by)) return 'setPace takes one JSON object {by, batch?, pauseMs?}';
  if (
    m.batch !== undefined &&
    !(Number.isInteger(m.batch) && (m.batch as number) >= 1 && (m.batch as number) <= BATCH_MAX)
  ) {
    return `setPace: batch must be a whole number from 1 to ${String(BATCH_MAX)}`;
  }
  if (m.pauseMs !== undefined && !(Number.isInteger(m.pauseMs) && (m.pauseMs as number) >= 0)) {
    return 'setPace: pauseMs must be a whole number of milliseconds';
  }
  if (m.batch === undefined && m.pauseMs === undefined) return 'setPace: give batch, pauseMs or both';
  return null;
}

function fields(message: unknown): Record<string, unknown> | null {
  return typeof message === 'object' && message !== null && !Array.isArray(message)
    ? (message as Record<string, unknown>)
    : null;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
