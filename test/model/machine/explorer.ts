import type { ClusterConfig, StrategyName } from '../../../src/domain/config.js';
import type { Bounds, Choice } from './choices.js';
import { BROKEN, judgeGraph, type State, type Step } from './graph.js';
import * as rules from './invariants.js';
import type { Sandbox } from './sandbox.js';
import { Way } from './way.js';
import { modelConfig } from './world.js';

export interface Violation {
  readonly invariant: string;
  readonly seen: string;
  /** What happened, from the first step on. */
  readonly path: readonly string[];
}

export interface Result {
  readonly states: number;
  readonly transitions: number;
  readonly ends: Readonly<Record<string, number>>;
  /** Processor time: how long it takes depends on what else the machine does. */
  readonly ms: number;
  readonly violations: readonly Violation[];
}

export interface Options {
  readonly bounds: Bounds;
  /** An invariant whose first breach is enough. */
  readonly stopAtFirst?: string;
}

/** Of one invariant; more would tell the same again. */
const ENOUGH = 3;

/** Explores every way within the bounds, each abstract state once. */
export function explore(sandbox: Sandbox, strategy: StrategyName, options: Options): Result {
  const began = cpuMs();
  const search = new Search(sandbox, modelConfig(strategy), options);
  search.run();
  const { states, transitions, ends, violations } = search;
  return { states: states.length, transitions, ends, ms: cpuMs() - began, violations };
}

/** Depth first. A workflow cannot be copied, so each branch is a new run that is brought there by the same choices. */
class Search {
  readonly states: State[] = [];
  readonly violations: Violation[] = [];
  readonly ends: Record<string, number> = {};
  transitions = 0;
  readonly #numbers = new Map<string, number>();
  readonly #open: (Step | null)[] = [null];

  constructor(
    readonly sandbox: Sandbox,
    readonly config: ClusterConfig,
    readonly options: Options,
  ) {}

  run(): void {
    for (let step = this.#open.pop(); step !== undefined; step = this.#open.pop()) {
      this.#branch(step);
      if (this.violations.some(({ invariant }) => invariant === this.options.stopAtFirst)) return;
    }
    judgeGraph(this.states, (violation) => this.#violate(violation));
  }

  /** One branch, and from its end the ordinary as far as it is new; all else that may happen is left for later. */
  #branch(step: Step | null): void {
    const way = new Way(this.sandbox, this.config);
    const taken: Choice[] = [];
    for (let at = step; at; at = at.parent) taken.push(at.choice);
    let accepted = true;
    for (const choice of taken.reverse()) accepted = way.take(choice);
    if (!accepted) return this.#refused(way, step);
    for (let at = step, next = this.#visit(way, at); next !== null; next = this.#visit(way, at)) {
      at = next;
      way.take(next.choice);
    }
  }

  /** @returns the ordinary from here; null where the way has ended or been seen before */
  #visit(way: Way, step: Step | null): Step | null {
    const broken = way.found ?? (way.sim.end ? ended(way) : null);
    if (broken) {
      this.#violate({ ...broken, path: way.path });
      this.#link(step, BROKEN);
      return null;
    }
    if (way.sim.end) {
      const end = way.sim.end.status?.state ?? way.sim.end.kind;
      this.ends[end] = (this.ends[end] ?? 0) + 1;
      this.#link(step, end);
      return null;
    }
    const key = way.key();
    const choices = way.choices(this.options.bounds);
    const offers = choices.map(({ name }) => name).join('\n');
    const known = this.#numbers.get(key);
    const from = known ?? this.states.length;
    this.#link(step, from);
    if (known !== undefined) {
      const before = this.states[known]?.offers ?? '';
      if (before !== offers)
        this.#violate({ invariant: 'keySeesAll', seen: `${offers}\n---\n${before}`, path: way.path });
      return null;
    }
    this.#numbers.set(key, from);
    this.states.push({ offers, way: step, next: null, back: [] });
    this.transitions += choices.length;
    const [ordinary, ...others] = choices;
    if (ordinary?.costs !== null) {
      const { state, phase } = way.sim.status;
      const seen = `nothing can happen and nobody is asked: ${state} in ${phase}`;
      this.#violate({ invariant: 'wayForward', seen, path: way.path });
      this.#link({ parent: step, choice: NOTHING, from, isOrdinary: true }, BROKEN);
      return null;
    }
    for (const choice of others.reverse()) this.#open.push({ parent: step, choice, from, isOrdinary: false });
    return { parent: step, choice: ordinary, from, isOrdinary: true };
  }

  /** Nothing has changed. Before gate complete nobody may be refused the way back. */
  #refused({ sim, path }: Way, step: Step | null): void {
    if (step?.choice.costs !== 'rollback' || !sim.status.rollback.possible) return;
    if (sim.status.approvals.some(({ gate }) => gate === 'complete')) return;
    this.#violate({ invariant: 'wayBack', seen: 'a rollback is refused before gate complete was approved', path });
  }

  #link(step: Step | null, to: number | string): void {
    const state = this.states[step?.from ?? -1];
    if (!state || !step) return;
    if (step.isOrdinary) state.next = to;
    if (step.choice.costs === 'rollback') state.back.push({ said: step.choice.name, to });
  }

  #violate({ invariant, seen, path }: Violation): void {
    if (this.violations.filter((one) => one.invariant === invariant).length >= ENOUGH) return;
    this.violations.push({ invariant, seen, path: [...path] });
  }
}

const NOTHING: Choice = { name: 'nothing', costs: null, make: () => true };

function ended({ sim }: Way): Omit<Violation, 'path'> | null {
  const seen = rules.endsWell(sim);
  return seen === null ? null : { invariant: 'endsWell', seen };
}

/** Milliseconds of processor time. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}
