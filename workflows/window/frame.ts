import { ActivityFailure, ApplicationFailure, isCancellation, patched } from '@temporalio/workflow';
import type { EnsembleName, HostStep, LeaderReport, PublishingStep } from '../../activities/contract.js';
import type { ClusterConfig, MasterConfig } from '../../src/domain/config.js';
import { windowVerdict } from '../../src/domain/budget.js';
import { forecastOf } from '../../src/domain/forecast-of.js';
import { NO_RESTARTS, type WindowForecast } from '../../src/domain/window-forecast.js';
import { now } from '../migration-record.js';
import { inWindow, onHost, prove, untilLed, wayBack } from '../proxies.js';
import { incidentOf } from '../saga.js';
import { refuseOldLook } from './refuse-old-look.js';
import type { CutOverInput, CutOverResult, Why } from './run-window.js';
import { WindowNotes } from './window-notes.js';

export type Stub = typeof wayBack;

/** What the windows of all strategies have in common: generations, deadlines, and the masters' units. */
export class Frame {
  readonly config: ClusterConfig;
  readonly from: EnsembleName;
  readonly to: EnsembleName;
  readonly notes = new WindowNotes();
  /** Starts sent in the present direction, by host. */
  readonly #pending = new Map<string, Promise<unknown>>();
  #generation: number;
  /** One step on all hosts, as measured when the holds were prepared. */
  #stepMs: number | null = null;
  /** From when on nothing may be started any more towards the new side (S1); null = no limit. */
  #turnBackMs: number | null = null;
  /** When the first master was proved stopped, ms since the epoch. */
  #stoppedAt: number | null = null;
  /** Masters proved stopped and not started since. */
  readonly stopped = new Set<string>();
  /** Of the starts that were sent last: whose master cannot lead without it. */
  #down: ReadonlySet<string> = new Set();
  /** Windows that began before it did so go on as they began. */
  #tells = false;

  constructor(readonly input: CutOverInput) {
    this.config = input.config;
    this.to = input.to;
    this.from = input.to === 'target' ? 'source' : 'target';
    this.#generation = input.generation;
  }

  /**
   * Towards target the window opens only when forecast and reserve fit.
   *
   * @returns the turn-back point, null = none
   * @throws FERRY_NOT_REHEARSED, FERRY_FORECAST, FERRY_OLD_LOOK before anything stopped
   */
  open(): number | null {
    const { plan, measured: rehearsal, restarts } = this.input;
    const budgetMs = plan.budget.budgetMs;
    const seen = { rehearsal, restarts: restarts ?? NO_RESTARTS, stepMs: this.#stepMs };
    const forecast = forecastOf(this.config, plan, this.to, seen);
    if (forecast === null) {
      // A migration that takes another one over has rehearsed nothing; the way back waits for no forecast.
      if (this.to === 'source') return this.#opened(null, null);
      throw ApplicationFailure.nonRetryable('the rehearsal has not measured the observers', 'FERRY_NOT_REHEARSED');
    }
    const { forecastMs, reserveMs, derivation } = forecast;
    if (this.to === 'target' && restarts !== undefined) {
      const verdict = windowVerdict({ budgetMs, forecastMs, reserveMs, share: this.config.policy.forecastShare });
      if (!verdict.ok) {
        throw ApplicationFailure.nonRetryable(verdict.reason, 'FERRY_FORECAST', {
          host: null,
          remedy: `Make what is slow in it faster, or raise agent_ping_timeout on every master, then retry: ${derivation}`,
        });
      }
    }
    if (this.to === 'target') refuseOldLook(this.input);
    return this.#opened(this.to === 'target' ? Date.now() + budgetMs - reserveMs : null, forecast);
  }

  #opened(turnBackMs: number | null, forecast: WindowForecast | null): number | null {
    this.#turnBackMs = turnBackMs;
    this.notes.note({
      budgetMs: this.input.plan.budget.budgetMs,
      forecastMs: forecast?.forecastMs ?? null,
      derivation: forecast?.derivation ?? null,
      openedAt: now(),
      pointOfNoReturnAt: null,
      turnBackAt: this.#turnBackMs === null ? null : new Date(this.#turnBackMs).toISOString(),
      // Of the window before this one.
      coordinationMs: null,
      leaderlessMs: null,
      lastAgentMs: null,
    });
    return this.#turnBackMs;
  }

  /** Of a step that starts something: the way back has none, since only its end helps. */
  deadline(stub: Stub): number | null {
    return stub === wayBack ? null : this.#turnBackMs;
  }

  readonly forward: Stub = (summary) =>
    this.#turnBackMs === null
      ? wayBack(summary)
      : this.notes.tracked(summary, inWindow(summary, this.#turnBackMs - Date.now()));

  nextStep(): HostStep {
    this.#generation += 1;
    const { config, migration } = this.input;
    return {
      access: { ssh: config.ssh, credentials: config.credentials },
      fence: { cluster: config.cluster, migration, generation: this.#generation },
    };
  }

  /** As `nextStep`, for a door or for the publisher's mode. */
  nextPublishingStep(): PublishingStep {
    this.#generation += 1;
    return { config: this.config, migration: this.input.migration, generation: this.#generation };
  }

  /** Every master's drop-in, so that holding it in the window is one small file; also shows what a step takes. */
  async prepareHolds(step: HostStep): Promise<void> {
    const since = Date.now();
    await Promise.all(
      this.config.masters.map((master) =>
        onHost(`prepare the hold on ${master.name}`).prepareHold({ ...step, host: master, unit: master.unit }),
      ),
    );
    this.#stepMs = Date.now() - since;
  }

  async holdMasters(stub: Stub): Promise<void> {
    const step = this.nextStep();
    await Promise.all(
      this.config.masters.map((master) =>
        stub(`hold ${master.name}`).holdUnit({ ...step, host: master, unit: master.unit, deadline: null }),
      ),
    );
  }

  /** Stops a master and returns once that is proved. */
  async stopMaster(step: HostStep, master: MasterConfig, stub: Stub): Promise<void> {
    const { stoppedAt } = await stub(`stop master ${master.name}`).stopHeld({
      ...step,
      host: master,
      unit: master.unit,
      graceMs: 1_000,
      deadline: null,
    });
    this.stopped.add(master.name);
    this.#stoppedAt ??= Date.parse(stoppedAt);
  }

  /** A master that cannot be proved stopped is left to the barrier: it must then deny that it leads. */
  async stopMasters(masters: readonly MasterConfig[], stub: Stub): Promise<void> {
    const step = this.nextStep();
    await Promise.all(
      masters.map(async (master) => {
        try {
          await this.stopMaster(step, master, stub);
        } catch (cause) {
          if (isCancellation(cause) || masters.length === 1) throw cause;
        }
      }),
    );
  }

  /**
   * Starts the stopped masters again and lets the others' supervisors act as before.
   *
   * @param after what a master's start waits for; where that fails, the master stays down
   */
  liftMasters(stub: Stub, step: HostStep, after: ReadonlyMap<string, Promise<unknown>> = new Map()): void {
    this.#down = new Set(this.stopped);
    this.stopped.clear();
    for (const master of this.config.masters) {
      const lift = (): Promise<void> =>
        stub(`lift the hold of ${master.name}`).liftHold({
          ...step,
          host: master,
          unit: master.unit,
          // A standby that exited meanwhile was kept down by its hold, so every master is started.
          start: true,
          deadline: this.deadline(stub),
        });
      void this.send(master.name, after.get(master.name)?.then(lift) ?? lift());
    }
  }

  /**
   * The proved leader of a side. Nothing but its proof ends the wait, or the turn-back point.
   *
   * @throws FERRY_TOO_FEW_MASTERS as soon as so many starts were refused that the registry cannot be recovered
   */
  awaitLeader(ensemble: EnsembleName, stub: Stub): Promise<LeaderReport> {
    this.#tells = patched('window-tells');
    const wait = this.deadline(stub) === null ? untilLed : stub;
    const leads = wait(`wait for a recovered leader in ${ensemble}`).awaitLeader({
      config: this.config,
      ensemble,
      quorum: this.input.plan.quorum,
      deadline: ensemble === this.to ? this.#turnBackMs : null,
    });
    return this.#tells ? Promise.race([leads, this.#tooFewStart()]) : leads;
  }

  /**
   * Never fulfilled. Only a host's own refusal counts: after an answer that was lost its master may well run.
   */
  #tooFewStart(): Promise<never> {
    const { masters } = this.config;
    const refusals: Why[] = [];
    return new Promise((_, reject) => {
      for (const name of this.#down) {
        this.#pending.get(name)?.catch((cause: unknown) => {
          if (!isRefusal(cause)) return;
          refusals.push(incidentOf(cause));
          if (masters.length - refusals.length < this.input.plan.quorum) reject(tooFewMasters(refusals));
        });
      }
    });
  }

  noteLeader(leader: LeaderReport): void {
    const coordinationMs = this.#leaderlessMs(leader);
    // Towards source nothing is passed: everything is where it was.
    const pointOfNoReturnAt = this.to === 'target' ? now() : null;
    this.notes.note({ coordinationMs, leaderlessMs: coordinationMs, pointOfNoReturnAt });
  }

  /** The old side leads again. */
  noteTurnedBack(leader: LeaderReport): void {
    if (this.#tells) this.notes.note({ leaderlessMs: this.#leaderlessMs(leader) });
  }

  #leaderlessMs(leader: LeaderReport): number | null {
    return this.#stoppedAt === null ? null : Date.parse(leader.electedAt) - this.#stoppedAt;
  }

  async awaitAgents(leader: LeaderReport): Promise<CutOverResult> {
    try {
      const agents = await prove('wait for the agents').awaitAgentsBack({
        config: this.config,
        expectedIds: this.input.plan.agents.map(({ id }) => id),
        patienceMs: this.config.policy.timeouts.agentMs,
      });
      const since = this.#stoppedAt ?? Date.parse(leader.electedAt);
      this.notes.note({ lastAgentMs: agents.lastAgentAt === null ? null : Date.parse(agents.lastAgentAt) - since });
      return { outcome: 'switched', incident: null, agents, held: await this.leftHeld() };
    } catch (cause) {
      return { outcome: 'switched', incident: incidentOf(cause), agents: null, held: await this.leftHeld() };
    } finally {
      await this.notes.told();
    }
  }

  /** Remembers a start, so that its end is waited for and its failure told, whoever awaits it first. */
  send(host: string, start: Promise<unknown>): Promise<unknown> {
    start.catch(() => undefined);
    this.#pending.set(host, start);
    return start;
  }

  /** Goes on as soon as one of these has served; @throws when none does. */
  async first(each: readonly Promise<unknown>[]): Promise<void> {
    try {
      await Promise.any(each);
    } catch (cause) {
      throw cause instanceof AggregateError ? cause.errors[0] : cause;
    }
  }

  /** Waits for every start that was sent; @returns the hosts that it did not reach. */
  async leftHeld(): Promise<string[]> {
    const left: string[] = [];
    for (const [host, start] of this.#pending) {
      const failed = await start.then(
        () => false,
        () => true,
      );
      if (failed) left.push(host);
    }
    return left;
  }

  /** From here on starts count in the other direction; no step of the way forward may still touch a host. */
  async turnAround(): Promise<void> {
    await this.leftHeld();
    this.#pending.clear();
  }
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof ActivityFailure && cause.retryState === 'NON_RETRYABLE_FAILURE' && !isCancellation(cause);
}

function tooFewMasters(refusals: readonly Why[]): ApplicationFailure {
  const [first] = refusals;
  return ApplicationFailure.nonRetryable(
    `too few masters can be started for the registry to be recovered: ${refusals.map(({ message }) => message).join('; ')}`,
    'FERRY_TOO_FEW_MASTERS',
    { host: first?.host ?? null, remedy: first?.remedy ?? '' },
  );
}
