import { createHash } from 'node:crypto';
import type { ClusterConfig } from '../../../src/domain/config.js';
import { choicesOf, type Bounds, type Choice } from './choices.js';
import * as rules from './invariants.js';
import type { Sandbox } from './sandbox.js';
import { Simulation } from './simulation.js';
import { fencedOff } from './steps.js';

interface Spent {
  unusual: number;
  rollbacks: number;
}

/** One way, with the rules that look at each step of it. */
export class Way {
  readonly sim: Simulation;
  readonly spent: Spent = { unusual: 0, rollbacks: 0 };
  readonly path: string[] = [];
  found: { invariant: string; seen: string } | null = null;
  readonly #windows = new Map<string, rules.WindowRules>();
  readonly #used = new Set<number>();
  #phases = 0;
  #provedBy = '';

  constructor(sandbox: Sandbox, config: ClusterConfig) {
    this.sim = new Simulation(sandbox, config);
    this.sim.observer = {
      scheduled: (pending) => {
        this.#judge('noGateBypassed', rules.noGateBypassed(this.sim, pending));
        const window = this.#windows.get(pending.run.id);
        if (!window) return;
        this.#judge('nothingStartsLate', window.nothingStartsLate(pending));
        this.#judge('pointOfNoReturn', window.pointOfNoReturn(pending));
      },
      childStarted: (run) => {
        if (run.type !== 'cutOver') return;
        this.#windows.set(run.id, new rules.WindowRules());
        this.#judge('windowApproved', rules.windowApproved(this.sim, run, this.#used));
      },
      effect: () => this.#judgeWorld(),
    };
  }

  #judge(invariant: string, seen: rules.Verdict): void {
    if (seen !== null) this.found ??= { invariant, seen };
  }

  #judgeWorld(): void {
    const { world } = this.sim;
    this.#judge('noSecondLeader', rules.noSecondLeader(world));
    this.#judge('noMirrorBesideMasters', rules.noMirrorBesideMasters(world));
    this.#judge('noMixedObservers', rules.noMixedObservers(world));
    this.#judge('neverBothDoorsOpen', rules.neverBothDoorsOpen(this.sim));
  }

  /** @returns false when a person's message was refused */
  take(choice: Choice): boolean {
    const { sim } = this;
    this.path.push(choice.name);
    if (choice.costs !== null) this.spent.unusual += 1;
    if (choice.costs === 'rollback') this.spent.rollbacks += 1;
    const turnBack = sim.timers.find(({ purpose }) => purpose === 'turn-back');
    const proof = sim.front?.name === 'awaitLeader' && !sim.front.cancelled ? sim.front : null;
    const ordered = sim.rollbackOrdered;
    if (choice.costs === 'rollback' || choice.name.endsWith('rollback')) sim.rollbackOrdered = true;
    const accepted = choice.make(sim);
    if (!accepted) sim.rollbackOrdered = ordered;
    if (turnBack && choice.name === 'the turn-back point comes')
      this.#windows.get(turnBack.run.id)?.turnBackPoint(sim.now);
    if (proof && choice.name === proof.label && proof.args.ensemble === 'target') {
      this.#windows.get(proof.run.id)?.provedLeader();
      this.#provedBy = proof.run.id;
    }
    this.#judgeWorld();
    const phases = sim.end ? 0 : sim.status.timeline.length;
    if (phases !== this.#phases) {
      this.#phases = phases;
      sim.main.answers = [];
    }
    // Whatever follows the last phase begins anew with every retry, without an entry of its own.
    if (choice.name.endsWith(': retry') && rules.CLOSINGS.has(sim.status.phase)) sim.main.answers = [];
    return accepted;
  }

  choices(bounds: Bounds): Choice[] {
    const { unusual, rollbacks } = this.spent;
    const open = bounds.within === 'everywhere' || unusual > 0 || [...this.sim.runs.values()].some(isWindow);
    return choicesOf(this.sim).filter(({ name, costs }) => {
      if (costs === null) return true;
      if (costs === 'rollback' && rollbacks > 0) return false;
      if (unusual === bounds.unusual && unusual > 0) return bounds.thenBack === true && name === 'rollback';
      return open && unusual < bounds.unusual;
    });
  }

  /** Everything on which the future depends, and nothing else that we know of. */
  key(): string {
    const { sim } = this;
    const { status, world } = sim;
    const last = new Map(status.timeline.map(({ phase, outcome }) => [phase, outcome]));
    const facts = [
      JSON.stringify(world, (name, value: unknown) => (name === 'generation' ? value !== null && value !== 0 : value)),
      sim.pending.map(
        (one) => `${one.run.type}/${one.label}/${one.cancelled}/${fencedOff(world, one.name, one.args, one.step.host)}`,
      ),
      sim.late.map(({ label }) => label),
      sim.timers.map(({ purpose }) => purpose),
      [...sim.runs.values()].map(({ type, answers }) => [type, ...[...answers].sort()]),
      [...last],
      status.state,
      status.phase,
      status.rollback.possible,
      status.incidents.filter(({ closedAt }) => closedAt === null).map(({ code, host }) => `${code} ${host ?? ''}`),
      status.planHash === sim.planHash,
      status.approvals.at(-1)?.planHash === status.planHash,
      status.approvals.at(-1)?.gate,
      status.decisions.filter(({ action }) => action === 'skip').length,
      sim.lastWindow,
      sim.raised,
      sim.rollbackOrdered,
      sim.runs.has(this.#provedBy),
      this.spent,
    ];
    return createHash('sha1').update(JSON.stringify(facts)).digest('base64');
  }
}

const isWindow = ({ type }: { type: string }): boolean => type === 'cutOver';
