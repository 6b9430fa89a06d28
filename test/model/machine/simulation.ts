import type { Activities, EnsembleName } from '../../../activities/contract.js';
import type { ClusterConfig } from '../../../src/domain/config.js';
import type { MigrationStatus } from '../../../src/domain/status.js';
import { applicationFailure, activityFailed, cancelled, childFailed } from './failures.js';
import type { Execution, Job, Sandbox } from './sandbox.js';
import { fencedOff, planOf, Refused, stepOf, type Knobs, type Step } from './steps.js';
import { elect, initialWorld, reach, type World } from './world.js';

/** Beside the phases; they end only when they are told to, or by a fault. */
const BESIDE: ReadonlySet<string> = new Set(['runPublisher', 'watchDivergence']);
const ID = 'zkferry-test';

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- commands as the SDK makes them, untyped */
export interface Pending {
  readonly run: Run;
  readonly seq: number;
  readonly name: keyof Activities;
  readonly args: any;
  readonly step: Step;
  readonly label: string;
  cancelled: boolean;
  readonly waitsForCancellation: boolean;
  /** Tried for ever until cancelled, or given up after some attempts. */
  readonly endless: boolean;
}

interface Timer {
  readonly run: Run;
  readonly seq: number;
  readonly at: number;
  readonly turnBack: boolean;
}

/** One workflow: the migration or a child of it. */
export interface Run {
  readonly id: string;
  readonly type: string;
  readonly parent: { readonly run: Run; readonly seq: number } | null;
  readonly input: any;
  execution: Execution;
  /** What the phase at hand has been answered so far: with its name, its local variables. */
  answers: string[];
}

/** An effect of a step that the workflow has given up: it may still come, or never. */
export interface Late {
  readonly name: keyof Activities;
  readonly step: Step;
  readonly label: string;
  readonly args: any;
}

export interface End {
  readonly kind: 'completed' | 'failed' | 'cancelled';
  readonly status: MigrationStatus | null;
  readonly error: string | null;
}

/** What happened on one way, for the invariants. */
export interface Observer {
  scheduled?(pending: Pending): void;
  childStarted?(run: Run): void;
  effect?(label: string): void;
}

/**
 * A migration without Temporal's server and without hosts: every answer of an activity, timer and
 * message of a person is a choice of whoever holds it. Between choices everything has come to rest.
 */
export class Simulation {
  readonly world: World;
  now = Date.UTC(2026, 0, 1);
  readonly pending: Pending[] = [];
  readonly timers: Timer[] = [];
  readonly runs = new Map<string, Run>();
  readonly late: Late[] = [];
  readonly main: Run;
  end: End | null = null;
  readonly knobs: Knobs;
  /** Gate begin was approved. */
  wasBegun = false;
  /** The last window: where to, how it ended, which hosts it left down. */
  lastWindow = '';
  raised = false;
  rollbackOrdered = false;
  lastAnswer: 'accepted' | 'rejected' | null = null;
  #updates = 0;
  readonly #inbox: (() => void)[] = [];

  constructor(
    readonly sandbox: Sandbox,
    readonly config: ClusterConfig,
    public observer: Observer = {},
  ) {
    this.world = initialWorld(config);
    this.knobs = { config, plans: 0 };
    this.main = this.#start('migrateCluster', ID, [config], null);
    this.#settle();
  }

  get status(): MigrationStatus {
    return (this.end?.status ?? this.main.execution.query('status')) as MigrationStatus;
  }

  get planHash(): string {
    return planOf(this.knobs).planHash;
  }

  /** The activity that answers next unless something unusual happens: the oldest. */
  get front(): Pending | null {
    return this.pending.find(({ name, cancelled }) => cancelled || !BESIDE.has(name)) ?? null;
  }

  get beside(): readonly Pending[] {
    return this.pending.filter(({ name, cancelled }) => !cancelled && BESIDE.has(name));
  }

  /** Lets its effect happen. @returns why the host refused it, null when it did not */
  effect(step: Step, label: string): Refused | null {
    if (step.change === null) return null;
    try {
      step.change(this.world, this.now);
    } catch (refusal) {
      if (refusal instanceof Refused) return refusal;
      throw refusal;
    }
    elect(this.world);
    this.observer.effect?.(label);
    return null;
  }

  answer(one: Pending, how: 'ok' | 'fail' | 'cancelled', value?: unknown): void {
    this.now += 10;
    this.pending.splice(this.pending.indexOf(one), 1);
    one.run.answers.push(`${one.label}${how === 'ok' ? '' : `:${how}`}`);
    const result =
      how === 'ok'
        ? { completed: { result: { value } } }
        : how === 'cancelled'
          ? { cancelled: { failure: cancelled(one.name) } }
          : { failed: { failure: activityFailed(one.name, value as object) } };
    if (how === 'ok' && one.name === 'readEpochs') this.raised = true;
    this.#drive(one.run, { variant: 'resolveActivity', resolveActivity: { seq: one.seq, result } });
    this.#settle();
  }

  fail(one: Pending, code = 'FERRY_TEST'): void {
    const details = { host: one.step.host, remedy: 'mend it' };
    this.answer(one, 'fail', applicationFailure(`${one.label} failed`, code, details));
  }

  /** The effect of a failed step that may still come. */
  leaveLate(one: Pending): void {
    this.late.push({ name: one.name, step: one.step, label: one.label, args: one.args });
  }

  fire(timer: Timer): void {
    this.now = Math.max(this.now + 10, timer.at);
    this.timers.splice(this.timers.indexOf(timer), 1);
    this.#drive(timer.run, { variant: 'fireTimer', fireTimer: { seq: timer.seq } });
    this.#settle();
  }

  /** As an update: judged, then answered. */
  say(name: string, message: object): boolean {
    this.now += 10;
    this.lastAnswer = null;
    const id = `u${++this.#updates}`;
    this.#drive(this.main, {
      variant: 'doUpdate',
      doUpdate: { id, protocolInstanceId: id, name, input: [{ value: message }], runValidator: true, headers: {} },
    });
    this.#settle();
    const accepted = (this.lastAnswer as string | null) === 'accepted';
    if (accepted && name === 'approve') this.wasBegun = true;
    return accepted;
  }

  cancel(): void {
    this.now += 10;
    this.#drive(this.main, { variant: 'cancelWorkflow', cancelWorkflow: {} });
    this.#settle();
  }

  #start(type: string, id: string, args: readonly unknown[], parent: Run['parent']): Run {
    const runId = `${id}-run`;
    const info = {
      workflowId: id,
      runId,
      firstExecutionRunId: runId,
      ...(parent === null
        ? {}
        : { parent: { workflowId: parent.run.id, runId: `${parent.run.id}-run`, namespace: 'default' } }),
    };
    const execution = this.sandbox.start(type, args, info, this.now);
    const run: Run = { id, type, parent, input: args[0], execution, answers: [] };
    this.runs.set(id, run);
    if (parent !== null) this.observer.childStarted?.(run);
    this.#drive(run);
    return run;
  }

  #drive(run: Run, job?: Job): void {
    if (!this.runs.has(run.id)) return;
    for (const command of run.execution.activate(job ? [job] : [], this.now)) this.#obey(run, command as any);
  }

  #settle(): void {
    for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) next();
    for (let at = this.late.length - 1; at >= 0; at -= 1) {
      const late = this.late[at];
      if (late && fencedOff(this.world, late.name, late.args, late.step.host)) this.late.splice(at, 1);
    }
  }

  #obey(run: Run, command: any): void {
    if (command.scheduleActivity) return this.#schedule(run, command.scheduleActivity);
    if (command.requestCancelActivity) return this.#cancelActivity(run, command.requestCancelActivity.seq);
    if (command.startTimer) {
      const { seq, startToFireTimeout: t } = command.startTimer;
      const ms = Number(t.seconds) * 1000 + t.nanos / 1e6;
      const summary = String(command.userMetadata?.summary?.value ?? '');
      this.timers.push({ run, seq, at: this.now + ms, turnBack: summary === 'turn-back point' });
      return;
    }
    if (command.cancelTimer) {
      const at = this.timers.findIndex((timer) => timer.run === run && timer.seq === command.cancelTimer.seq);
      if (at >= 0) this.timers.splice(at, 1);
      return;
    }
    if (command.startChildWorkflowExecution) return this.#child(run, command.startChildWorkflowExecution);
    if (command.cancelChildWorkflowExecution) {
      const { childWorkflowSeq } = command.cancelChildWorkflowExecution;
      this.#inbox.push(() => {
        const child = [...this.runs.values()].find(
          ({ parent }) => parent?.run === run && parent.seq === childWorkflowSeq,
        );
        if (child) this.#drive(child, { variant: 'cancelWorkflow', cancelWorkflow: {} });
      });
      return;
    }
    if (command.signalExternalWorkflowExecution) return this.#signal(run, command.signalExternalWorkflowExecution);
    if (command.updateResponse) {
      if (command.updateResponse.rejected) this.lastAnswer = 'rejected';
      if (command.updateResponse.accepted) this.lastAnswer = 'accepted';
      return;
    }
    if (command.completeWorkflowExecution)
      return this.#ended(run, 'completed', command.completeWorkflowExecution.result?.value);
    if (command.failWorkflowExecution) return this.#ended(run, 'failed', command.failWorkflowExecution.failure);
    if (command.cancelWorkflowExecution) return this.#ended(run, 'cancelled', null);
    if (command.upsertWorkflowSearchAttributes || command.setPatchMarker || command.cancelSignalWorkflow) return;
    throw new Error(`unexpected command ${Object.keys(command).join()}`);
  }

  #schedule(run: Run, { seq, activityType, arguments: args, retryPolicy, cancellationType }: any): void {
    const name = activityType as keyof Activities;
    const a = args[0]?.value;
    const step = stepOf(name, a, this.knobs);
    const pending: Pending = {
      run,
      seq,
      name,
      args: a,
      step,
      label: labelOf(name, a, step.host),
      cancelled: false,
      // 0 = TRY_CANCEL
      waitsForCancellation: cancellationType !== 0,
      endless: !retryPolicy?.maximumAttempts,
    };
    this.pending.push(pending);
    if (name === 'runPublisher') {
      this.world.publishes = true;
      elect(this.world);
    }
    this.observer.scheduled?.(pending);
  }

  #cancelActivity(run: Run, seq: number): void {
    const one = this.pending.find((it) => it.run === run && it.seq === seq);
    if (!one) return;
    one.cancelled = true;
    if (one.waitsForCancellation) return;
    if (one.name === 'runPublisher') this.world.publishes = false;
    this.#inbox.push(() => this.answer(one, 'cancelled'));
  }

  #child(run: Run, { seq, workflowId, workflowType, input }: any): void {
    this.#inbox.push(() => {
      if (!this.runs.has(run.id)) return;
      const succeeded = { runId: `${workflowId}-run` };
      this.#drive(run, {
        variant: 'resolveChildWorkflowExecutionStart',
        resolveChildWorkflowExecutionStart: { seq, succeeded },
      });
      this.#start(
        workflowType,
        workflowId,
        (input ?? []).map(({ value }: any) => value),
        { run, seq },
      );
    });
  }

  #signal(run: Run, { seq, workflowExecution, childWorkflowId, signalName, args }: any): void {
    this.#inbox.push(() => {
      const to = this.runs.get(childWorkflowId ?? workflowExecution?.workflowId);
      const failure = to
        ? undefined
        : { message: 'not found', applicationFailureInfo: { type: 'ExternalWorkflowExecutionNotFound' } };
      if (to) this.#drive(to, { variant: 'signalWorkflow', signalWorkflow: { signalName, input: args, headers: {} } });
      this.#drive(run, { variant: 'resolveSignalExternalWorkflow', resolveSignalExternalWorkflow: { seq, failure } });
    });
  }

  #ended(run: Run, kind: End['kind'], value: any): void {
    this.runs.delete(run.id);
    for (const list of [this.pending, this.timers] as { run: Run }[][]) {
      for (let at = list.length - 1; at >= 0; at -= 1) if (list[at]?.run === run) list.splice(at, 1);
    }
    if (run.parent === null) {
      const status = kind === 'completed' ? (value as MigrationStatus) : null;
      this.end = { kind, status, error: kind === 'failed' ? String(value?.message) : null };
      return;
    }
    if (run.type === 'cutOver') {
      const to = (run.input as { to: EnsembleName }).to;
      this.lastWindow = kind === 'completed' ? `${to} ${value.outcome} ${value.held.join()}` : `${to} ${kind}`;
    }
    const { run: parent, seq } = run.parent;
    const result =
      kind === 'completed'
        ? { completed: { result: { value } } }
        : kind === 'failed'
          ? { failed: { failure: childFailed(run.type, value) } }
          : { cancelled: { failure: childFailed(run.type, cancelled(null)) } };
    parent.answers.push(`${run.type}:${kind}`);
    this.#inbox.push(() =>
      this.#drive(parent, { variant: 'resolveChildWorkflowExecution', resolveChildWorkflowExecution: { seq, result } }),
    );
  }
}

function labelOf(name: string, a: any, host: string | null): string {
  const side = a?.to ?? a?.ensemble ?? a?.through;
  return `${name}${host === null ? '' : ` ${host}`}${typeof side === 'string' ? ` ${side}` : ''}${a?.url === null ? ' back' : ''}`;
}

export { reach };
