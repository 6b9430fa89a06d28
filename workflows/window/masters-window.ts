import { patched } from '@temporalio/workflow';
import type { EnsembleName, LeaderReport } from '../../activities/contract.js';
import { onHost, wayBack } from '../proxies.js';
import { Frame, type Stub } from './frame.js';
import type { CutOverInput, CutOverResult, Why, Window } from './run-window.js';

/**
 * Takes all masters from one ensemble to the other, while agents and schedulers are on target.
 *
 * Invariant (S20): no master starts on one side before every master is proved stopped, its master URL
 * swapped while it is down, the door of the other side closed and that side free of contenders. At
 * no instant are both doors open.
 */
export class MastersWindow implements Window {
  readonly #frame: Frame;
  /** Set before the first start is sent: from then on any master may stand on the new side. */
  #started = false;
  /** Set before the door of the new side is asked to open: without an answer it counts as open. */
  #mayBeOpen = false;

  constructor(readonly input: CutOverInput) {
    this.#frame = new Frame(input);
  }

  async prepare(): Promise<void> {
    const { config, plan } = this.input;
    const step = this.#frame.nextStep();
    await this.#frame.prepareHolds(step);
    await Promise.all(
      config.masters.map((master) =>
        onHost(`park the URL of target on ${master.name}`).parkMasterUrl({ ...step, master, url: plan.urls.target }),
      ),
    );
  }

  open(): number | null {
    return this.#frame.open();
  }

  underWay(): string[] {
    return this.#frame.notes.underWay();
  }

  async switchOver(): Promise<LeaderReport> {
    const { to } = this.input;
    const stub = this.#frame.forward;
    await this.#crossOver(to, stub);
    if (to === 'target') this.#started = true;
    // Not awaited: a master whose host does not answer now must not cost the others their election.
    this.#frame.liftMasters(stub, this.#frame.nextStep());
    const leader = await this.#frame.awaitLeader(to, stub);
    this.#frame.noteLeader(leader);
    return leader;
  }

  awaitAgents(leader: LeaderReport): Promise<CutOverResult> {
    return this.#frame.awaitAgents(leader);
  }

  /**
   * Once a start was sent towards target the way back is the mirror image, behind the same barrier.
   * Before that whoever still runs is on the old side, one that refuses to stop included, and a
   * leader elected there is right. Where target was not even asked to open, nothing of its is needed
   * to have a leader again: its door is closed since `publish`, so none can be elected there, and
   * agents on it see no leader, or the last one, until it serves and the mirrors stand again.
   */
  async turnBack(why: Why): Promise<CutOverResult> {
    const frame = this.#frame;
    const stub = wayBack;
    await frame.turnAround();
    let published: Promise<boolean> | null = null;
    if (this.#started) {
      await this.#crossOver(frame.from, stub);
      frame.liftMasters(stub, frame.nextStep());
    } else {
      const needsTarget = this.#mayBeOpen || !patched('back-without-target');
      await this.#stayWhereTheyWere(stub, needsTarget);
      if (!needsTarget) published = succeeds(this.#publishAgain(stub));
    }
    frame.noteTurnedBack(await frame.awaitLeader(frame.from, stub));
    await frame.notes.told();
    const held = await frame.leftHeld();
    const unpublished = published !== null && !(await published);
    return { outcome: 'turned-back', incident: why, agents: null, held, ...(unpublished ? { unpublished } : {}) };
  }

  /** From the stop of all masters to the instant at which they may start on `to`. */
  async #crossOver(to: EnsembleName, stub: Stub): Promise<void> {
    const from = to === 'target' ? 'source' : 'target';
    const { masters } = this.input.config;
    const stopping = this.#frame.nextStep();
    await Promise.all(masters.map((master) => this.#frame.stopMaster(stopping, master, stub)));
    // ── barrier: every master is proved stopped ──
    const swapping = this.#frame.nextStep();
    await Promise.all([
      ...masters.map((master) => stub(`point ${master.name} at ${to}`).swapMasterUrl({ ...swapping, master, to })),
      this.#closeAndEmpty(from, stub),
      stub('withdraw the mirrors').withdrawMirrors(this.#frame.nextPublishingStep()),
    ]);
    // ── barrier: all are swapped, the old side is closed and empty, nothing is mirrored ──
    await this.#open(to, stub);
  }

  /** What stopped masters left behind would lead there for up to a session timeout. */
  async #closeAndEmpty(ensemble: EnsembleName, stub: Stub): Promise<void> {
    const step = this.#frame.nextPublishingStep();
    await stub(`close the door of ${ensemble}`).closeDoor({ ...step, ensemble });
    await stub(`remove what stopped masters left in ${ensemble}`).clearElection({ ...step, ensemble });
  }

  /** Agents are on target: what is elected in source has to show there. */
  async #open(ensemble: EnsembleName, stub: Stub): Promise<void> {
    await this.#openDoor(ensemble, stub);
    if (ensemble === 'source') await this.#publishAgain(stub);
  }

  async #openDoor(ensemble: EnsembleName, stub: Stub): Promise<void> {
    if (ensemble === this.input.to) this.#mayBeOpen = true;
    const step = { ...this.#frame.nextPublishingStep(), deadline: this.#frame.deadline(stub) };
    await stub(`open the door of ${ensemble}`).openDoor({ ...step, ensemble });
  }

  async #publishAgain(stub: Stub): Promise<void> {
    await stub('publish the election of source again').resumePublishing(this.#frame.nextPublishingStep());
  }

  /**
   * Each master starts once it is pointed back; whoever cannot be stays down. All are held and none was started on the new
   * side, so that a host which does not answer need not cost the others their leader.
   */
  async #stayWhereTheyWere(stub: Stub, needsTarget: boolean): Promise<void> {
    const frame = this.#frame;
    const { from, to, stopped } = frame;
    if (needsTarget) {
      await stub(`close the door of ${to}`).closeDoor({ ...frame.nextPublishingStep(), ensemble: to });
    }
    const step = frame.nextStep();
    const swaps = new Map(
      this.input.config.masters
        .filter(({ name }) => stopped.has(name))
        .map((master) => {
          const swap = stub(`point ${master.name} at ${from} again`).swapMasterUrl({ ...step, master, to: from });
          return [master.name, frame.send(master.name, swap)];
        }),
    );
    const isEachByItself = patched('each-master-by-itself');
    if (!isEachByItself) await dropFulfilled(swaps);
    if (needsTarget) await this.#open(from, stub);
    else await this.#openDoor(from, stub);
    // One generation for both, so that no master's start outruns the swap of another on its machine.
    frame.liftMasters(stub, isEachByItself ? step : frame.nextStep(), swaps);
  }
}

/** Waits for all and keeps those that failed. */
async function dropFulfilled(pending: Map<string, Promise<unknown>>): Promise<void> {
  for (const [name, one] of [...pending]) {
    await one.then(
      () => pending.delete(name),
      () => undefined,
    );
  }
}

/** @returns whether it did; never rejects, so that it may be begun now and awaited later. */
function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
