import { ApplicationFailure, CancellationScope, patched, sleep } from '@temporalio/workflow';
import type { Contender, Election, EnsembleName, HostStep, LeaderReport } from '../../activities/contract.js';
import type { MasterConfig, ServerConfig } from '../../src/domain/config.js';
import { briefly, onHost, wayBack } from '../proxies.js';
import { Frame, type Stub } from './frame.js';
import type { CutOverInput, CutOverResult, Why, Window } from './run-window.js';

/** Reads of the election before a master that does not answer keeps the window shut. */
const READS = 5;

/** How far a start on target may lag behind half of the others; nobody leads meanwhile. */
const LAG = '5s';

/**
 * Flips the observers from one ensemble to the other.
 *
 * Invariant: no two observers serve different ensembles, and no observer starts on one while a
 * master may claim to lead in the other. Nothing starts before the barrier has proved that.
 */
export class ObserversWindow implements Window {
  readonly #frame: Frame;
  #contenders: readonly Contender[] = [];
  /** Set before the first flip is sent: from then on any observer may serve the new side (S6). */
  #flipped = false;

  constructor(readonly input: CutOverInput) {
    this.#frame = new Frame(input);
  }

  async prepare(): Promise<void> {
    const { config, plan } = this.input;
    const step = this.#frame.nextStep();
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
      this.#frame.prepareHolds(step),
    ]);
  }

  open(): number | null {
    return this.#frame.open();
  }

  underWay(): string[] {
    return this.#frame.notes.underWay();
  }

  /**
   * Towards target only the leading master is stopped: it would exit anyway once its session is lost,
   * but clients back off differently, and a standby could be elected while it still believes that it
   * leads. Towards source, which is behind in zxid, all are: a fresh process is not refused there, a
   * running one until its session timer fires.
   */
  async switchOver(): Promise<LeaderReport> {
    const { to } = this.input;
    const stub = this.#frame.forward;
    await this.#frame.holdMasters(stub);
    await this.#frame.stopMasters(to === 'target' ? await this.#leadingMasters() : this.input.config.masters, stub);
    await this.#stopObservers(stub);
    await this.#proveNoLeader(stub);
    // One generation for both: an observer and a master may share a machine, and neither may overtake the other.
    const starting = this.#frame.nextStep();
    const flips = this.#flip(to, stub, starting);
    if (to === 'source') await this.#frame.first(flips);
    else await (patched('half-of-the-observers') ? this.#enough(flips) : Promise.all(flips));
    // Not awaited: a master whose host does not answer now must not cost the others their election.
    this.#frame.liftMasters(stub, starting);
    const leader = await this.#frame.awaitLeader(to, stub);
    this.#frame.noteLeader(leader);
    return leader;
  }

  awaitAgents(leader: LeaderReport): Promise<CutOverResult> {
    return this.#frame.awaitAgents(leader);
  }

  /** S6. */
  async turnBack(why: Why): Promise<CutOverResult> {
    const frame = this.#frame;
    const stub = wayBack;
    await frame.turnAround();
    if (this.#flipped) {
      // A master that cannot be held or stopped in a few seconds is left to the barrier.
      await frame.holdMasters(briefly).catch(() => undefined);
      await frame.stopMasters(this.input.config.masters, briefly);
      await this.#stopObservers(stub);
      await this.#proveNoLeader(stub);
      await this.#removeGhosts();
      const starting = frame.nextStep();
      await frame.first(this.#flip(frame.from, stub, starting));
      frame.liftMasters(stub, starting);
    } else {
      // Nothing was started on the new side, so there is no barrier: whoever still runs is on the
      // old side, a hung observer included, and a leader elected there is right.
      await this.#removeGhosts();
      const starting = frame.nextStep();
      await frame.first(this.#startWhereTheyWere(stub, starting));
      frame.liftMasters(stub, starting);
    }
    frame.noteTurnedBack(await frame.awaitLeader(frame.from, stub));
    await frame.notes.told();
    return { outcome: 'turned-back', incident: why, agents: null, held: await frame.leftHeld() };
  }

  async #leadingMasters(): Promise<readonly MasterConfig[]> {
    const { config } = this.input;
    const { leader, contenders, unknown } = await this.#readElection();
    this.#contenders = contenders;
    // The barrier could not be proved either, and everything would stand still until the turn-back point (S10).
    const [silent] = unknown;
    if (silent !== undefined) {
      throw ApplicationFailure.nonRetryable(
        `nothing was stopped, because masters do not answer: ${unknown.join(', ')}`,
        'FERRY_MASTER_UNKNOWN',
        { host: silent, remedy: 'Bring every master back, then approve the gate again or roll back' },
      );
    }
    const stranger = contenders.find(({ master }) => master === null);
    if (stranger !== undefined) {
      throw ApplicationFailure.nonRetryable(
        `nothing was stopped, because ${stranger.pid || stranger.znode} stands for election and is no configured master`,
        'FERRY_UNKNOWN_CONTENDER',
        { host: null, remedy: 'Stop it, or add it to masters and start anew' },
      );
    }
    // Nobody leading is no harm: there is nothing to stop then, and the barrier proves it once more.
    return config.masters.filter(({ name }) => name === leader);
  }

  /** A master that was busy for a moment is asked again. */
  async #readElection(): Promise<Election> {
    for (let reads = 1; ; reads += 1) {
      const election = await this.#frame
        .forward('read who leads')
        .readElection({ config: this.input.config, through: this.#frame.from });
      if (election.unknown.length === 0 || reads === READS) return election;
    }
  }

  async #stopObservers(stub: Stub): Promise<void> {
    const step = this.#frame.nextStep();
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
      config: this.input.config,
      stopped: [...this.#frame.stopped],
      deadline: null,
    });
  }

  #flip(to: EnsembleName, stub: Stub, step: HostStep): Promise<unknown>[] {
    const { config } = this.input;
    const deadline = this.#frame.deadline(stub);
    if (to === this.input.to) this.#flipped = true;
    return config.observers.map((observer) =>
      this.#frame.send(
        observer.name,
        (async () => {
          await stub(`start ${observer.name} as an observer of ${to}`).flipObserver({
            ...step,
            observer,
            to,
            deadline,
          });
          await stub(`wait until ${observer.name} is synced with ${to}`).awaitObserver({
            config,
            observer,
            ensemble: to,
            patienceMs: config.policy.timeouts.serverMs,
          });
        })(),
      ),
    );
  }

  /**
   * Half of them, and whoever else comes soon: the way back would need every one proved down (S6), also the one whose host
   * has died. It was proved stopped and is held, so whenever it starts, it starts on target.
   */
  async #enough(flips: readonly Promise<unknown>[]): Promise<void> {
    await half(flips);
    const lag = new CancellationScope();
    const lateEnough = lag.run(() => sleep(LAG, { summary: 'an observer that lags behind' }));
    await Promise.race([Promise.allSettled(flips), lateEnough]).finally(() => lag.cancel());
  }

  #startWhereTheyWere(stub: Stub, step: HostStep): Promise<unknown>[] {
    return this.input.config.observers.map((observer) =>
      this.#frame.send(
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

  /**
   * What proved-dead masters left in the old side's tree would lead there for up to a session timeout.
   * They go by themselves then, so the way back does not depend on it.
   */
  async #removeGhosts(): Promise<void> {
    const znodes = this.#contenders
      .filter(({ master }) => master !== null && this.#frame.stopped.has(master))
      .flatMap(({ znode, replicas }) => [znode, ...replicas]);
    if (znodes.length === 0) return;
    await briefly('remove what stopped masters left behind')
      .removeGhosts({ config: this.input.config, ensemble: this.#frame.from, znodes })
      .catch(() => undefined);
  }

  #onObservers<T>(act: (observer: ServerConfig) => Promise<T>): Promise<T[]> {
    return Promise.all(this.input.config.observers.map(act));
  }
}

/** Once half of them are fulfilled; @throws as soon as too few can be. */
function half(each: readonly Promise<unknown>[]): Promise<void> {
  let [fulfilled, rejected] = [0, 0];
  return new Promise((resolve, reject) => {
    const serves = (): void => {
      fulfilled += 1;
      if (fulfilled * 2 >= each.length) resolve();
    };
    const fails = (cause: Error): void => {
      rejected += 1;
      if (rejected * 2 > each.length) reject(cause);
    };
    for (const one of each) one.then(serves, fails);
  });
}
