/* eslint-disable @typescript-eslint/no-explicit-any -- arguments as the workflows give them */
import type { Activities } from '../../../activities/contract.js';
import { planOf } from './ensemble-steps.js';
import type { ClusterConfig } from '../../../src/domain/config.js';
import type { MigrationStatus } from '../../../src/domain/status.js';
import { activityFailed, applicationFailure, cancelled } from './failures.js';
import { PlayedServer } from './played-server.js';
import type { Late, Observer, Pending, Run, Timer } from './run.js';
import type { Sandbox } from './sandbox.js';
import { Refused, type Knobs, type Step } from './step.js';
import { fencedOff, stepOf } from './steps.js';
import { elect, initialWorld, type World } from './world.js';

/** Beside the phases; they end only when they are told to, or by a fault. */
const BESIDE: ReadonlySet<string> = new Set(['runPublisher', 'watchDivergence']);
const ID = 'zkferry-test';

/**
 * A migration without Temporal's server and without hosts: every answer of an activity, timer and
 * message of a person is a choice of whoever holds it. Between choices everything has come to rest.
 */
export class Simulation extends PlayedServer {
  readonly world: World;
  readonly late: Late[] = [];
  readonly main: Run;
  readonly knobs: Knobs;
  /** A step that changes something was asked for. */
  hasWritten = false;
  raised = false;
  rollbackOrdered = false;
  #updates = 0;

  constructor(
    sandbox: Sandbox,
    readonly config: ClusterConfig,
    observer: Observer = {},
  ) {
    super(sandbox, observer);
    this.world = initialWorld(config);
    this.knobs = { config, plans: 0 };
    this.main = this.start('migrateCluster', ID, [config], null);
    this.settle();
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
    this.drive(one.run, { variant: 'resolveActivity', resolveActivity: { seq: one.seq, result } });
    this.settle();
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
    this.drive(timer.run, { variant: 'fireTimer', fireTimer: { seq: timer.seq } });
    this.settle();
  }

  /** As an update: judged, then answered. */
  say(name: string, message: object): boolean {
    this.now += 10;
    this.lastAnswer = null;
    const id = `u${++this.#updates}`;
    this.drive(this.main, {
      variant: 'doUpdate',
      doUpdate: { id, protocolInstanceId: id, name, input: [{ value: message }], runValidator: true, headers: {} },
    });
    this.settle();
    const accepted = (this.lastAnswer as string | null) === 'accepted';
    return accepted;
  }

  cancel(): void {
    this.now += 10;
    this.drive(this.main, { variant: 'cancelWorkflow', cancelWorkflow: {} });
    this.settle();
  }

  protected override stepOf(name: keyof Activities, args: any): Step {
    return stepOf(name, args, this.knobs);
  }

  protected override begins({ name, step }: Pending): void {
    if (step.change !== null) this.hasWritten = true;
    if (name !== 'runPublisher') return;
    this.world.publishes = true;
    elect(this.world);
  }

  protected override isCutOff({ name }: Pending): void {
    if (name === 'runPublisher') this.world.publishes = false;
  }

  protected override settle(): void {
    super.settle();
    for (let at = this.late.length - 1; at >= 0; at -= 1) {
      const late = this.late[at];
      if (late && fencedOff(this.world, late.name, late.args, late.step.host)) this.late.splice(at, 1);
    }
  }
}
