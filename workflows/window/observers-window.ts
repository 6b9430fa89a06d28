import type { Contender, EnsembleName, LeaderReport } from '../../activities/contract.js';
import type { MasterConfig, ServerConfig } from '../../src/domain/config.js';
import { onHost, wayBack } from '../proxies.js';
import { Frame, type Stub } from './frame.js';
import type { CutOverInput, CutOverResult, Why, Window } from './run-window.js';

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
    const flips = this.#flip(to, stub);
    if (to === 'target') await Promise.all(flips);
    else await this.#frame.first(flips);
    // Not awaited: a master whose host does not answer now must not cost the others their election.
    this.#frame.liftMasters(stub);
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
      // A master that cannot be held or stopped is left to the barrier.
      await frame.holdMasters(stub).catch(() => undefined);
      await frame.stopMasters(this.input.config.masters, stub);
      await this.#stopObservers(stub);
      await this.#proveNoLeader(stub);
      await this.#removeGhosts(stub);
      await frame.first(this.#flip(frame.from, stub));
    } else {
      // Nothing was started on the new side, so there is no barrier: whoever still runs is on the
      // old side, a hung observer included, and a leader elected there is right.
      await this.#removeGhosts(stub);
      await frame.first(this.#startWhereTheyWere(stub));
    }
    frame.liftMasters(stub);
    await frame.awaitLeader(frame.from, stub);
    await frame.told();
    return { outcome: 'turned-back', incident: why, agents: null, held: await frame.leftHeld() };
  }

  async #leadingMasters(): Promise<readonly MasterConfig[]> {
    const { config } = this.input;
    const { leader, contenders } = await this.#frame.forward('read who leads').readElection({
      config,
      through: this.#frame.from,
    });
    this.#contenders = contenders;
    // Nobody leading is no harm: there is nothing to stop then, and the barrier proves it once more.
    return config.masters.filter(({ name }) => name === leader);
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

  #flip(to: EnsembleName, stub: Stub): Promise<unknown>[] {
    const { config } = this.input;
    const step = this.#frame.nextStep();
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

  #startWhereTheyWere(stub: Stub): Promise<unknown>[] {
    const step = this.#frame.nextStep();
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

  /** What proved-dead masters left in the old side's tree would lead there for up to a session timeout. */
  async #removeGhosts(stub: Stub): Promise<void> {
    const znodes = this.#contenders
      .filter(({ master }) => master !== null && this.#frame.stopped.has(master))
      .flatMap(({ znode, replicas }) => [znode, ...replicas]);
    if (znodes.length === 0) return;
    await stub('remove what stopped masters left behind').removeGhosts({
      config: this.input.config,
      ensemble: this.#frame.from,
      znodes,
    });
  }

  #onObservers<T>(act: (observer: ServerConfig) => Promise<T>): Promise<T[]> {
    return Promise.all(this.input.config.observers.map(act));
  }
}
