import { ApplicationFailure, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import {
  refuseApprove,
  refuseDecide,
  refusePause,
  refuseResume,
  refuseRollback,
  refuseSetPace,
  type OpenQuestion,
  type OperatorView,
} from '../src/domain/operator-rules.js';
import { approval, decision, RESUME, type Move } from '../src/domain/moves.js';
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
  /** Open incidents in the order they came, each until it is decided. */
  readonly #questions = new Map<string, OpenQuestion & { decision: DecisionAction | null }>();
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
        this.#orderRollback(m.by);
        return already ? 'the rollback is under way already' : `rolling back, as ordered by ${m.by}`;
      },
      'Undo everything, newest first: {by, reason?}',
    );
    this.#handle(
      messages.decideUpdate,
      messages.decideSignal,
      refuseDecide,
      (m) => {
        const question = this.#questions.get(m.incident);
        if (question) question.decision = m.action;
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
    // Nobody who ordered the way back wants it to wait for a pause of before.
    const waits = this.#rollbackBy === null && (this.#paused !== null || this.#isHeld);
    return { paused: waits, ...this.#pace };
  }

  /** Whether an incident holds the migration: nothing new begins before it is decided. */
  get #isHeld(): boolean {
    return [...this.#questions.values()].some(({ holds }) => holds);
  }

  /** While a fleet rolls, its child hears of every change of pace, a pause included. */
  onPace(listener: ((pace: messages.Pace) => void) | null): void {
    this.#paceListener = listener;
  }

  get rollbackOrderedBy(): string | null {
    return this.#rollbackBy;
  }

  /** The way back has begun, whoever ordered it: nothing waits for a pause or a decision of before. */
  goBack(by: string): void {
    this.#orderRollback(by);
    this.#tellPace();
  }

  /** From here on `rollback` is refused with this sentence (null: accepted again). */
  refuseRollback(reason: string | null): void {
    this.#rollbackRefusal = reason;
  }

  /** Stands at a gate until it is approved for the plan as it is then. */
  async gate(gate: GateName): Promise<void> {
    this.#gate = gate;
    this.#approved = false;
    const planHash = this.record.status.planHash ?? '';
    this.record.wait('awaiting-approval', {
      what: `approval of gate ${gate} for plan ${planHash}`,
      moves: [approval(gate, planHash)],
    });
    try {
      await condition(() => (this.#approved && !this.#isHeld) || this.#rollbackBy !== null);
    } finally {
      this.#gate = null;
    }
    this.#stopIfRollback();
    this.record.state('running');
  }

  /** Holds here while paused or held. @returns whether it did. @throws RollbackOrdered when a rollback was ordered. */
  async safePoint(): Promise<boolean> {
    this.#stopIfRollback();
    if (this.#paused === null && !this.#isHeld) return false;
    while (this.#paused !== null || this.#isHeld) {
      const isPaused = this.#paused !== null;
      if (isPaused) this.#showPaused();
      // A pause that is asked for while something holds it has to show once it is all that it waits for.
      await condition(
        () =>
          (this.#paused !== null) !== isPaused || (this.#paused === null && !this.#isHeld) || this.#rollbackBy !== null,
      );
      this.#stopIfRollback();
    }
    this.record.state('running');
    return true;
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
    offered: readonly DecisionAction[],
    state: MigrationState = 'awaiting-decision',
  ): Promise<DecisionAction> {
    // What cannot be ordered cannot be decided either.
    const actions = offered.filter((action) => action !== 'rollback' || this.#rollbackRefusal === null);
    const opened = this.record.openIncident(incident);
    this.record.wait(state, wording(opened, actions));
    return await this.#answer({ incident: opened, actions, holds: false });
  }

  /**
   * As `decide`, for what is noticed beside the work in hand: until it is decided no gate is passed,
   * no phase and no batch begun. A rollback that is ordered, or decided here, ends the work in hand.
   */
  async hold(
    incident: Omit<Incident, 'id' | 'openedAt' | 'closedAt' | 'phase'>,
    actions: readonly DecisionAction[],
  ): Promise<DecisionAction> {
    const opened = this.record.openIncident(incident);
    const answer = this.#answer({ incident: opened, actions, holds: true });
    this.record.hold(wording(opened, actions));
    this.#tellPace();
    try {
      const action = await answer;
      if (action === 'rollback') this.#orderRollback(this.#rollbackBy ?? 'decision');
      return action;
    } finally {
      const next = [...this.#questions.values()].find(({ holds }) => holds);
      this.record.hold(next === undefined ? null : wording(next.incident, next.actions));
      this.#tellPace();
    }
  }

  async #answer(asked: OpenQuestion): Promise<DecisionAction> {
    const { id } = asked.incident;
    const question = { ...asked, decision: null as DecisionAction | null };
    this.#questions.set(id, question);
    try {
      await condition(
        () => question.decision !== null || (asked.actions.includes('rollback') && this.#rollbackBy !== null),
      );
    } finally {
      this.#questions.delete(id);
      this.record.closeIncident(id);
    }
    const action = question.decision ?? 'rollback';
    if (action === 'rollback') this.#rollbackBy ??= this.record.status.decisions.at(-1)?.by ?? 'decision';
    return action;
  }

  #orderRollback(by: string): void {
    this.#rollbackBy ??= by;
    this.#scope?.cancel();
  }

  #tellPace(): void {
    if (this.#paceListener === null) return;
    this.#paceListener(this.pace);
    if (this.#paused === null) this.record.state('running');
    else this.#showPaused();
  }

  #showPaused(): void {
    this.record.wait('paused', { what: `paused by ${this.#paused ?? ''}`, moves: [RESUME] });
  }

  #stopIfRollback(): void {
    if (this.#rollbackBy !== null) throw new RollbackOrdered(this.#rollbackBy);
  }

  get #view(): OperatorView {
    return {
      waitingGate: this.#approved ? null : this.#gate,
      planHash: this.record.status.planHash,
      questions: [...this.#questions.values()].filter(({ decision }) => decision === null),
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
        if (refusal !== null) throw refused(refusal);
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

function wording(opened: Incident, actions: readonly DecisionAction[]): { what: string; moves: readonly Move[] } {
  return {
    what: `${opened.message}${opened.host ? ` (${opened.host})` : ''}. ${opened.remedy}`,
    moves: actions.map((action) => decision(opened, action)),
  };
}

function refused(refusal: string): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable(refusal, 'FERRY_REFUSED');
  // The UI shows it under the reason: people at night do not need our lines.
  failure.stack = '';
  return failure;
}
