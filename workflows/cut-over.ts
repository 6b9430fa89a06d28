import {
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Access, AgentsBack, Contender, EnsembleName, HostStep, LeaderReport } from '../activities/contract.js';
import type { ClusterConfig, MasterConfig, ServerConfig } from '../src/domain/config.js';
import type { Plan } from '../src/domain/plan.js';
import type { Incident, WindowStatus } from '../src/domain/status.js';
import { windowVerdict } from '../src/domain/budget.js';
import { forecastWindow } from '../src/domain/window-forecast.js';
import { windowNote } from './messages.js';
import { now } from './migration-record.js';
import { inWindow, onHost, prove, wayBack } from './proxies.js';
import { incidentOf } from './saga.js';

export interface CutOverInput {
  readonly config: ClusterConfig;
  readonly plan: Plan;
  readonly migration: string;
  /** Generations above this one are the window's own. */
  readonly generation: number;
  readonly to: EnsembleName;
  readonly measured: { readonly stopMs: number; readonly startAndSyncMs: number };
}

export interface CutOverResult {
  /** `not-opened`: nothing was stopped. */
  readonly outcome: 'switched' | 'turned-back' | 'not-opened';
  /** Why it did not switch, or what went wrong after it had. */
  readonly incident: Pick<Incident, 'code' | 'host' | 'message' | 'remedy'> | null;
  readonly agents: AgentsBack | null;
  /** Hosts whose unit is still held down, because they could not be reached afterwards. */
  readonly held: readonly string[];
}

/**
 * The critical window: flips the observers from one ensemble to the other.
 *
 * Invariant: no two observers serve different ensembles, and no observer starts on one while a
 * master may claim to lead in the other. Nothing starts before the barrier has proved that.
 *
 * Towards target, whatever is not proved by the turn-back point is undone here; once a leader with a
 * recovered registry stands, nothing undoes itself any more and a cancellation comes too late.
 * Towards source (the operator's rollback) there is no way back from the way back: a step that fails
 * for good fails the workflow, and running it again starts from whatever stands.
 */
export async function cutOver(input: CutOverInput): Promise<CutOverResult> {
  const window = new Window(input);
  let turnBackMs: number | null;
  try {
    await window.prepare();
    turnBackMs = window.open();
  } catch (cause) {
    if (input.to === 'source') throw cause;
    return { outcome: 'not-opened', incident: whyNot(cause), agents: null, held: [] };
  }
  let leader: LeaderReport;
  try {
    leader = await withinBudget(turnBackMs, () => window.switchOver());
  } catch (cause) {
    if (input.to === 'source') throw cause;
    return await CancellationScope.nonCancellable(() => window.turnBack(whyNot(cause)));
  }
  // The point of no return lies behind: from here on nothing undoes itself, whatever fails or comes.
  return await CancellationScope.nonCancellable(() => window.awaitAgents(leader));
}

type Why = Pick<Incident, 'code' | 'host' | 'message' | 'remedy'>;

function whyNot(cause: unknown): Why {
  return isCancellation(cause)
    ? {
        code: 'FERRY_ROLLBACK_ORDERED',
        host: null,
        message: 'a rollback was ordered before the point of no return',
        remedy: 'None needed',
      }
    : incidentOf(cause);
}

/** Runs `work`, cancelled at the turn-back point by a durable timer; null = no limit. */
async function withinBudget<T>(turnBackMs: number | null, work: () => Promise<T>): Promise<T> {
  if (turnBackMs === null) return work();
  const timer = new CancellationScope();
  const forward = new CancellationScope();
  let expired = false;
  void timer
    .run(async () => {
      await sleep(Math.max(1, turnBackMs - Date.now()), { summary: 'turn-back point' });
      expired = true;
      forward.cancel();
    })
    .catch(() => undefined);
  try {
    return await forward.run(work);
  } catch (cause) {
    // Steps beside the one that failed must not go on while everything is undone.
    forward.cancel();
    if (!expired) throw cause;
    throw ApplicationFailure.nonRetryable(
      'the turn-back point came before a recovered leader was proved',
      'FERRY_TURN_BACK',
      {
        host: null,
        remedy: 'Look at what was slow in the timeline, then approve the gate again or roll back',
      },
    );
  } finally {
    timer.cancel();
  }
}

class Window {
  readonly #config: ClusterConfig;
  readonly #access: Access;
  readonly #from: EnsembleName;
  readonly #to: EnsembleName;
  readonly #notes: Promise<void>[] = [];
  /** Starts sent in the present direction, by host. */
  readonly #pending = new Map<string, Promise<unknown>>();
  #generation: number;
  #turnBackMs: number | null = null;
  /** When the leading master was proved stopped, ms since the epoch. */
  #stoppedAt: number | null = null;
  /** Masters proved stopped and not started since. */
  readonly #stopped = new Set<string>();
  #contenders: readonly Contender[] = [];
  /** Set before the first flip is sent: from then on any observer may serve the new side (S6). */
  #flipped = false;

  constructor(readonly input: CutOverInput) {
    this.#config = input.config;
    this.#access = { ssh: input.config.ssh, credentials: input.config.credentials };
    this.#to = input.to;
    this.#from = input.to === 'target' ? 'source' : 'target';
    this.#generation = input.generation;
  }

  /** All that can be done beforehand; fails without having stopped anything. */
  async prepare(): Promise<void> {
    const { config, plan } = this.input;
    const step = this.#nextStep();
    const sides = {
      source: { servers: config.source.servers, reconfigEnabled: plan.reconfigEnabled.source },
      target: { servers: config.target.servers, reconfigEnabled: plan.reconfigEnabled.target },
    };
    await Promise.all([
      ...config.observers.map(async (observer) => {
        await onHost(`park both configs on ${observer.name}`).parkObserver({ ...step, ...sides, observer });
        await onHost(`prepare the hold on ${observer.name}`).prepareHold({
          ...step,
          host: observer,
          unit: observer.unit,
        });
      }),
      ...config.masters.map((master) =>
        onHost(`prepare the hold on ${master.name}`).prepareHold({ ...step, host: master, unit: master.unit }),
      ),
    ]);
  }

  /** Judges forecast against budget and opens the window. @throws FERRY_FORECAST before anything stopped. */
  open(): number | null {
    const { config, plan, measured, to } = this.input;
    const budgetMs = plan.budget.budgetMs;
    const ahead = to === 'target' && plan.raiseEpoch;
    const forecast = forecastWindow({ ...measured, sessionMs: config.policy.timeouts.sessionMs, ahead });
    const reserveMs = config.policy.reserveMs ?? forecast.reserveMs;
    const { forecastMs } = forecast;
    if (to === 'target') {
      const verdict = windowVerdict({ budgetMs, forecastMs, reserveMs, share: config.policy.forecastShare });
      if (!verdict.ok) {
        throw ApplicationFailure.nonRetryable(`the window does not open: ${verdict.reason}`, 'FERRY_FORECAST', {
          host: null,
          remedy: 'Make stop, start or sync faster, or raise agent_ping_timeout on every master, then retry',
        });
      }
    }
    this.#turnBackMs = to === 'target' ? Date.now() + budgetMs - reserveMs : null;
    this.#note({
      budgetMs,
      forecastMs,
      openedAt: now(),
      turnBackAt: this.#turnBackMs === null ? null : new Date(this.#turnBackMs).toISOString(),
    });
    return this.#turnBackMs;
  }

  /**
   * The window itself. Towards target only the leading master is stopped: it would exit anyway once
   * its session is lost, but clients back off differently, and a standby could be elected while it
   * still believes that it leads. Towards source, which is behind in zxid, all are: a fresh process
   * is not refused there, a running one until its session timer fires.
   *
   * @returns the proved leader of the new side: the point of no return
   */
  async switchOver(): Promise<LeaderReport> {
    const stub = this.#forward;
    await this.#holdMasters(stub);
    await this.#stopMasters(this.#to === 'target' ? await this.#leadingMasters() : this.#config.masters, stub);
    await this.#stopObservers(stub);
    await this.#proveNoLeader(stub);
    const flips = this.#flip(this.#to, stub);
    if (this.#to === 'target') await Promise.all(flips);
    else await this.#first(flips);
    // Not awaited: a master whose host does not answer now must not cost the others their election.
    this.#liftMasters(stub);
    const leader = await stub(`wait for a recovered leader in ${this.#to}`).awaitLeader({
      config: this.#config,
      ensemble: this.#to,
      quorum: this.input.plan.quorum,
      deadline: this.#turnBackMs,
    });
    const coordinationMs = this.#stoppedAt === null ? null : Date.parse(leader.electedAt) - this.#stoppedAt;
    this.#note({ coordinationMs, leaderlessMs: coordinationMs });
    return leader;
  }

  /** Late agents are an incident for a person, never an automatic undo: they have 10 minutes (M 3.3). */
  async awaitAgents(leader: LeaderReport): Promise<CutOverResult> {
    try {
      const agents = await prove('wait for the agents').awaitAgentsBack({
        config: this.#config,
        expectedIds: this.input.plan.agents.map(({ id }) => id),
        patienceMs: this.#config.policy.timeouts.agentMs,
      });
      const since = this.#stoppedAt ?? Date.parse(leader.electedAt);
      this.#note({ lastAgentMs: agents.lastAgentAt === null ? null : Date.parse(agents.lastAgentAt) - since });
      return { outcome: 'switched', incident: null, agents, held: await this.#leftHeld() };
    } catch (cause) {
      return { outcome: 'switched', incident: incidentOf(cause), agents: null, held: await this.#leftHeld() };
    } finally {
      await Promise.allSettled(this.#notes);
    }
  }

  /** The way back (S6), shielded: ends with the old side's leader proved, or fails for a person to see. */
  async turnBack(why: Why): Promise<CutOverResult> {
    const stub = wayBack;
    // No step of the way forward may still touch a host.
    await this.#leftHeld();
    this.#pending.clear();
    if (this.#flipped) {
      // A master that cannot be held or stopped is left to the barrier.
      await this.#holdMasters(stub).catch(() => undefined);
      await this.#stopMasters(this.#config.masters, stub);
      await this.#stopObservers(stub);
      await this.#proveNoLeader(stub);
      await this.#removeGhosts(stub);
      await this.#first(this.#flip(this.#from, stub));
    } else {
      // Nothing was started on the new side, so there is no barrier: whoever still runs is on the
      // old side, a hung observer included, and a leader elected there is right.
      await this.#removeGhosts(stub);
      await this.#first(this.#startWhereTheyWere(stub));
    }
    this.#liftMasters(stub);
    await stub(`wait for a recovered leader in ${this.#from}`).awaitLeader({
      config: this.#config,
      ensemble: this.#from,
      quorum: this.input.plan.quorum,
      deadline: null,
    });
    await Promise.allSettled(this.#notes);
    return { outcome: 'turned-back', incident: why, agents: null, held: await this.#leftHeld() };
  }

  /** Goes on as soon as one of these has served; @throws when none does. */
  async #first(each: readonly Promise<unknown>[]): Promise<void> {
    try {
      await Promise.any(each);
    } catch (cause) {
      throw cause instanceof AggregateError ? cause.errors[0] : cause;
    }
  }

  /** Waits for every start that was sent; @returns the hosts that it did not reach. */
  async #leftHeld(): Promise<string[]> {
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

  /** Remembers a start, so that its end is waited for and its failure told, whoever awaits it first. */
  #send(host: string, start: Promise<unknown>): Promise<unknown> {
    start.catch(() => undefined);
    this.#pending.set(host, start);
    return start;
  }

  async #holdMasters(stub: Stub): Promise<void> {
    const step = this.#nextStep();
    await Promise.all(
      this.#config.masters.map((master) =>
        stub(`hold ${master.name}`).holdUnit({ ...step, host: master, unit: master.unit, deadline: null }),
      ),
    );
  }

  async #leadingMasters(): Promise<readonly MasterConfig[]> {
    const stub = this.#forward;
    const { leader, contenders } = await stub('read who leads').readElection({
      config: this.#config,
      through: this.#from,
    });
    this.#contenders = contenders;
    // Nobody leading is no harm: there is nothing to stop then, and the barrier proves it once more.
    return this.#config.masters.filter(({ name }) => name === leader);
  }

  /** A master that cannot be proved stopped is left to the barrier: it must then deny that it leads. */
  async #stopMasters(masters: readonly MasterConfig[], stub: Stub): Promise<void> {
    const step = this.#nextStep();
    await Promise.all(
      masters.map(async (master) => {
        try {
          const { stoppedAt } = await stub(`stop master ${master.name}`).stopHeld({
            ...step,
            host: master,
            unit: master.unit,
            graceMs: 1_000,
            deadline: null,
          });
          this.#stopped.add(master.name);
          this.#stoppedAt ??= Date.parse(stoppedAt);
        } catch (cause) {
          if (isCancellation(cause) || masters.length === 1) throw cause;
        }
      }),
    );
  }

  async #stopObservers(stub: Stub): Promise<void> {
    const step = this.#nextStep();
    await this.#onObservers((observer) =>
      stub(`stop ${observer.name}`).stopHeld({
        ...step,
        host: observer,
        unit: observer.unit,
        graceMs: 2_000,
        deadline: null,
      }),
    );
  }

  /** The barrier's second half: every observer is down, and no running master claims to lead. */
  async #proveNoLeader(stub: Stub): Promise<void> {
    await stub('prove that no master claims to lead').provesNoLeader({
      config: this.#config,
      stopped: [...this.#stopped],
      deadline: null,
    });
  }

  #flip(to: EnsembleName, stub: Stub): Promise<unknown>[] {
    const step = this.#nextStep();
    const deadline = to === this.#to ? this.#turnBackMs : null;
    if (to === this.#to) this.#flipped = true;
    return this.#config.observers.map((observer) =>
      this.#send(
        observer.name,
        (async () => {
          await stub(`start ${observer.name} as an observer of ${to}`).flipObserver({
            ...step,
            observer,
            to,
            deadline,
          });
          await stub(`wait until ${observer.name} is synced with ${to}`).awaitObserver({
            config: this.#config,
            observer,
            ensemble: to,
            patienceMs: this.#config.policy.timeouts.serverMs,
          });
        })(),
      ),
    );
  }

  #startWhereTheyWere(stub: Stub): Promise<unknown>[] {
    const step = this.#nextStep();
    return this.#config.observers.map((observer) =>
      this.#send(
        observer.name,
        stub(`start ${observer.name} where it was`).liftHold({
          ...step,
          host: observer,
          unit: observer.unit,
          start: true,
          deadline: null,
        }),
      ),
    );
  }

  /** What proved-dead masters left in the old side's tree would lead there for up to a session timeout. */
  async #removeGhosts(stub: Stub): Promise<void> {
    const znodes = this.#contenders
      .filter(({ master }) => master !== null && this.#stopped.has(master))
      .flatMap(({ znode, replicas }) => [znode, ...replicas]);
    if (znodes.length === 0) return;
    await stub('remove what stopped masters left behind').removeGhosts({
      config: this.#config,
      ensemble: this.#from,
      znodes,
    });
  }

  /** Starts the stopped masters again and lets the others' supervisors act as before. */
  #liftMasters(stub: Stub): void {
    const step = this.#nextStep();
    this.#stopped.clear();
    for (const master of this.#config.masters) {
      void this.#send(
        master.name,
        stub(`lift the hold of ${master.name}`).liftHold({
          ...step,
          host: master,
          unit: master.unit,
          // A standby that exited meanwhile was kept down by its hold, so every master is started.
          start: true,
          deadline: stub === wayBack ? null : this.#turnBackMs,
        }),
      );
    }
  }

  #onObservers<T>(act: (observer: ServerConfig) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#config.observers.map(act));
  }

  readonly #forward: Stub = (summary) =>
    this.#turnBackMs === null ? wayBack(summary) : inWindow(summary, this.#turnBackMs - Date.now());

  #nextStep(): HostStep {
    this.#generation += 1;
    const { config, migration } = this.input;
    return { access: this.#access, fence: { cluster: config.cluster, migration, generation: this.#generation } };
  }

  #note(note: Partial<WindowStatus>): void {
    const parent = workflowInfo().parent;
    if (!parent) return;
    // Not awaited here: telling must not cost the window anything.
    this.#notes.push(getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(windowNote, note));
  }
}

type Stub = typeof wayBack;
