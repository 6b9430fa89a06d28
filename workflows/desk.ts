import { ApplicationFailure, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import {
  refuseApprove,
  refuseDecide,
  refusePause,
  refuseResume,
  refuseRollback,
  refuseSetPace,
  type OperatorView,
} from '../src/domain/operator-rules.js';
import type { DecisionAction, GateName, Incident, MigrationState } from '../src/domain/status.js';
import * as messages from './messages.js';
import { now, type MigrationRecord } from './migration-record.js';

/** Thrown where work stops because a person ordered the way back (or cancelled the workflow). */
export class RollbackOrdered extends ApplicationFailure {
  constructor(by: string) {
    super(`rollback ordered by ${by}`, 'FERRY_ROLLBACK_ORDERED', true);
  }
}

/** Where people's messages arrive and the migration waits for them. One per run. */
export class Desk {
  #gate: GateName | null = null;
  #approved = false;
  #paused: string | null = null;
  #rollbackBy: string | null = null;
  #rollbackRefusal: string | null = null;
  #waiting: { incident: Incident; actions: readonly DecisionAction[] } | null = null;
  #decision: DecisionAction | null = null;
  #pace: { batch: number | null; pauseMs: number } = { batch: null, pauseMs: 0 };
  #scope: CancellationScope | null = null;
  #paceListener: ((pace: messages.Pace) => void) | null = null;

  constructor(readonly record: MigrationRecord) {
    this.#handle(
      messages.approveUpdate,
      messages.approveSignal,
      refuseApprove,
      (m) => {
        this.#approved = true;
        this.record.approved({ ...m, at: now() });
        return `gate ${m.gate} approved by ${m.by}`;
      },
      'Approve the gate that waits: {gate, by, planHash, note?}',
    );
    this.#handle(
      messages.pauseUpdate,
      messages.pauseSignal,
      refusePause,
      (m) => {
        this.#paused = m.by;
        this.#tellPace();
        return 'paused; it takes effect at the next safe point, never inside the critical window';
      },
      'Pause at the next safe point: {by}',
    );
    this.#handle(
      messages.resumeUpdate,
      messages.resumeSignal,
      refuseResume,
      () => {
        this.#paused = null;
        this.#tellPace();
        return 'resumed';
      },
      'Go on after a pause: {by}',
    );
    this.#handle(
      messages.rollbackUpdate,
      messages.rollbackSignal,
      refuseRollback,
      (m) => {
        const already = this.#rollbackBy !== null;
        this.#rollbackBy ??= m.by;
        this.#scope?.cancel();
        return already ? 'the rollback is under way already' : `rolling back, as ordered by ${m.by}`;
      },
      'Undo everything, newest first: {by, reason?}',
    );
    this.#handle(
      messages.decideUpdate,
      messages.decideSignal,
      refuseDecide,
      (m) => {
        this.#decision = m.action;
        this.record.decided({ ...m, at: now() });
        return `${m.incident}: ${m.action}`;
      },
      'Decide an incident: {incident, action: retry|skip|rollback, by, note?}',
    );
    this.#handle(
      messages.setPaceUpdate,
      messages.setPaceSignal,
      refuseSetPace,
      (m) => {
        this.#pace = { batch: m.batch ?? this.#pace.batch, pauseMs: m.pauseMs ?? this.#pace.pauseMs };
        this.#tellPace();
        return `batches of ${this.#pace.batch ?? 'the planned size'}, ${this.#pace.pauseMs} ms apart`;
      },
      'Change the pace of rolling: {by, batch?, pauseMs?}',
    );
    setHandler(messages.statusQuery, () => this.record.status, {
      description: 'State, phase, progress, what it waits for and the exact next command',
    });
  }

  get pace(): messages.Pace {
    return { paused: this.#paused !== null, ...this.#pace };
  }

  /** While a fleet rolls, its child hears of every change of pace, a pause included. */
  onPace(listener: ((pace: messages.Pace) => void) | null): void {
    this.#paceListener = listener;
  }

  get rollbackOrderedBy(): string | null {
    return this.#rollbackBy;
  }

  /** From here on `rollback` is refused with this sentence (null: accepted again). */
  refuseRollback(reason: string | null): void {
    this.#rollbackRefusal = reason;
  }

  /** Stands at a gate until it is approved for the plan as it is then. */
  async gate(gate: GateName): Promise<void> {
    this.#gate = gate;
    this.#approved = false;
    const { cluster, planHash } = this.record.status;
    this.record.wait(
      'awaiting-approval',
      `approval of gate ${gate} for plan ${planHash ?? ''}`,
      `zkferry approve ${cluster} --gate ${gate} --plan-hash ${planHash ?? ''} --by NAME\n` +
        `temporal workflow update execute --workflow-id zkferry-${cluster} --name approve ` +
        `--input '{"gate":"${gate}","by":"NAME","planHash":"${planHash ?? ''}"}'`,
    );
    try {
      await condition(() => this.#approved || this.#rollbackBy !== null);
    } finally {
      this.#gate = null;
    }
    this.#stopIfRollback();
    this.record.state('running');
  }

  /** Holds here while paused. @throws RollbackOrdered when a rollback was ordered. */
  async safePoint(): Promise<void> {
    this.#stopIfRollback();
    if (this.#paused === null) return;
    this.#showPaused();
    await condition(() => this.#paused === null || this.#rollbackBy !== null);
    this.#stopIfRollback();
    this.record.state('running');
  }

  /** Runs `work`; an ordered rollback cancels it, and it then ends as RollbackOrdered. */
  async interruptible<T>(work: () => Promise<T>): Promise<T> {
    this.#stopIfRollback();
    const scope = new CancellationScope();
    this.#scope = scope;
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error)) throw new RollbackOrdered(this.#rollbackBy ?? 'cancellation of the workflow');
      throw error;
    } finally {
      this.#scope = null;
    }
  }

  /** Opens an incident and waits until a person decides it. */
  async decide(
    incident: Omit<Incident, 'id' | 'openedAt' | 'closedAt' | 'phase'>,
    actions: readonly DecisionAction[],
    state: MigrationState = 'awaiting-decision',
  ): Promise<DecisionAction> {
    const opened = this.record.openIncident(incident);
    const { cluster } = this.record.status;
    this.#waiting = { incident: opened, actions };
    this.#decision = null;
    this.record.wait(
      state,
      `${opened.message}${opened.host ? ` (${opened.host})` : ''}. ${opened.remedy}`,
      `zkferry decide ${cluster} --incident ${opened.id} --action ${actions.join('|')} --by NAME\n` +
        `temporal workflow update execute --workflow-id zkferry-${cluster} --name decide ` +
        `--input '{"incident":"${opened.id}","action":"${actions[0] ?? 'retry'}","by":"NAME"}'`,
    );
    try {
      await condition(() => this.#decision !== null || (actions.includes('rollback') && this.#rollbackBy !== null));
    } finally {
      this.#waiting = null;
      this.record.closeIncident(opened.id);
    }
    const action = this.#decision ?? 'rollback';
    if (action === 'rollback') this.#rollbackBy ??= this.record.status.decisions.at(-1)?.by ?? 'decision';
    return action;
  }

  #tellPace(): void {
    if (this.#paceListener === null) return;
    this.#paceListener(this.pace);
    if (this.#paused === null) this.record.state('running');
    else this.#showPaused();
  }

  #showPaused(): void {
    const { cluster } = this.record.status;
    this.record.wait('paused', `paused by ${this.#paused ?? ''}`, `zkferry resume ${cluster} --by NAME`);
  }

  #stopIfRollback(): void {
    if (this.#rollbackBy !== null) throw new RollbackOrdered(this.#rollbackBy);
  }

  get #view(): OperatorView {
    return {
      waitingGate: this.#approved ? null : this.#gate,
      planHash: this.record.status.planHash,
      openIncidents: this.#waiting && this.#decision === null ? [this.#waiting.incident] : [],
      allowedActions: this.#waiting?.actions ?? [],
      paused: this.#paused !== null,
      rollbackRefusal: this.#rollbackRefusal,
    };
  }

  #handle<M>(
    update: UpdateDefinition<messages.Answer, [M]>,
    signal: SignalDefinition<[M]>,
    refuse: (message: unknown, view: OperatorView) => string | null,
    accept: (message: M) => string,
    description: string,
  ): void {
    setHandler(update, (message: M) => ({ accepted: accept(message) }), {
      description,
      validator: (message: M) => {
        const refusal = refuse(message, this.#view);
        if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'FERRY_REFUSED');
      },
    });
    setHandler(
      signal,
      (message: M) => {
        const refusal = refuse(message, this.#view);
        if (refusal === null) accept(message);
        else this.record.ignored(`signal ${signal.name}: ${refusal}`);
      },
      { description },
    );
  }
}
