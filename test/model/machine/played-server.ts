/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- commands as the SDK makes them, untyped */
import type { Activities, EnsembleName } from '../../../activities/contract.js';
import type { MigrationStatus } from '../../../src/domain/status.js';
import { cancelled, childFailed } from './failures.js';
import type { End, Observer, Pending, Run, Timer } from './run.js';
import type { Job, Sandbox } from './sandbox.js';
import type { Step } from './step.js';

/** Timers of the window, by what the Temporal UI calls them. */
const PURPOSES: Readonly<Record<string, Timer['purpose']>> = {
  'turn-back point': 'turn-back',
  'an observer that lags behind': 'lag',
};

/** The part of Temporal's server: obeys the commands of workflows, and tells each what becomes of them. */
export abstract class PlayedServer {
  now = Date.UTC(2026, 0, 1);
  readonly pending: Pending[] = [];
  readonly timers: Timer[] = [];
  readonly runs = new Map<string, Run>();
  end: End | null = null;
  /** The last window: where to, how it ended, which hosts it left down. */
  lastWindow = '';
  protected lastAnswer: 'accepted' | 'rejected' | null = null;
  /** What is still to be told, in order; nothing is told while a workflow is at work. */
  readonly #inbox: (() => void)[] = [];

  constructor(
    readonly sandbox: Sandbox,
    public observer: Observer,
  ) {}

  protected abstract stepOf(name: keyof Activities, args: any): Step;
  protected abstract begins(one: Pending): void;
  protected abstract isCutOff(one: Pending): void;
  abstract answer(one: Pending, how: 'ok' | 'fail' | 'cancelled', value?: unknown): void;

  /** Tells everything that is to be told, until all has come to rest. */
  protected settle(): void {
    for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) next();
  }

  protected start(type: string, id: string, args: readonly unknown[], parent: Run['parent']): Run {
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
    this.drive(run);
    return run;
  }

  protected drive(run: Run, job?: Job): void {
    if (!this.runs.has(run.id)) return;
    for (const command of run.execution.activate(job ? [job] : [], this.now)) this.#obey(run, command as any);
  }

  #obey(run: Run, command: any): void {
    if (command.scheduleActivity) return this.#schedule(run, command.scheduleActivity);
    if (command.requestCancelActivity) return this.#cancelActivity(run, command.requestCancelActivity.seq);
    if (command.startTimer) {
      const { seq, startToFireTimeout: t } = command.startTimer;
      const ms = Number(t.seconds) * 1000 + t.nanos / 1e6;
      const summary = String(command.userMetadata?.summary?.value ?? '');
      const purpose = PURPOSES[summary] ?? null;
      this.timers.push({ run, seq, at: this.now + ms, purpose });
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
        if (child) this.drive(child, { variant: 'cancelWorkflow', cancelWorkflow: {} });
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
    const step = this.stepOf(name, a);
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
    this.begins(pending);
    this.observer.scheduled?.(pending);
  }

  #cancelActivity(run: Run, seq: number): void {
    const one = this.pending.find((it) => it.run === run && it.seq === seq);
    if (!one) return;
    one.cancelled = true;
    if (one.waitsForCancellation) return;
    this.isCutOff(one);
    this.#inbox.push(() => this.answer(one, 'cancelled'));
  }

  #child(run: Run, { seq, workflowId, workflowType, input }: any): void {
    this.#inbox.push(() => {
      if (!this.runs.has(run.id)) return;
      const succeeded = { runId: `${workflowId}-run` };
      this.drive(run, {
        variant: 'resolveChildWorkflowExecutionStart',
        resolveChildWorkflowExecutionStart: { seq, succeeded },
      });
      this.start(
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
      if (to) this.drive(to, { variant: 'signalWorkflow', signalWorkflow: { signalName, input: args, headers: {} } });
      this.drive(run, { variant: 'resolveSignalExternalWorkflow', resolveSignalExternalWorkflow: { seq, failure } });
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
      this.drive(parent, { variant: 'resolveChildWorkflowExecution', resolveChildWorkflowExecution: { seq, result } }),
    );
  }
}

function labelOf(name: string, a: any, host: string | null): string {
  const side = a?.to ?? a?.ensemble ?? a?.through;
  return `${name}${host === null ? '' : ` ${host}`}${typeof side === 'string' ? ` ${side}` : ''}${a?.url === null ? ' back' : ''}`;
}
