import { createHash } from 'node:crypto';
import type { ClusterConfig, StrategyName } from '../../../src/domain/config.js';
import { choicesOf, type Bounds, type Choice } from './choices.js';
import * as rules from './invariants.js';
import type { Sandbox } from './sandbox.js';
import { Simulation } from './simulation.js';
import { fencedOff } from './steps.js';
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
  readonly replays: number;
  readonly merges: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly ms: number;
  readonly complete: boolean;
  readonly violations: readonly Violation[];
}

interface Node {
  readonly parent: Node | null;
  readonly choice: Choice;
  /** Where it was chosen; only the first of a state's choices is the ordinary one. */
  readonly from: number;
  readonly isOrdinary: boolean;
}

interface Spent {
  unusual: number;
  rollbacks: number;
}

interface State {
  readonly offers: string;
  /** Where the ordinary leads: a state's number, or how the migration ended. */
  next: number | string | null;
  back: (number | string | null)[];
}

export interface Options {
  readonly bounds: Bounds;
  readonly limitMs?: number;
  /** An invariant whose first breach is enough. */
  readonly stopAtFirst?: string;
  readonly onViolation?: (violation: Violation) => void;
}

/** One way, with the rules that look at each step of it. */
class Way {
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
    const turnBack = sim.timers.find((timer) => timer.turnBack);
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
    return accepted;
  }

  choices(bounds: Bounds): Choice[] {
    const { unusual, rollbacks } = this.spent;
    const open = bounds.within === 'everywhere' || unusual > 0 || [...this.sim.runs.values()].some(isWindow);
    return choicesOf(this.sim).filter(
      ({ costs }) => costs === null || (open && unusual < bounds.unusual && !(costs === 'rollback' && rollbacks > 0)),
    );
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
      sim.timers.map(({ turnBack }) => turnBack),
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

/** Explores every way within the bounds, each abstract state once. */
export function explore(sandbox: Sandbox, strategy: StrategyName, options: Options): Result {
  const { bounds, limitMs = Number.POSITIVE_INFINITY, stopAtFirst } = options;
  const config = modelConfig(strategy);
  const began = cpuMs();
  const numbers = new Map<string, number>();
  const states: State[] = [];
  const stack: (Node | null)[] = [null];
  const violations: Violation[] = [];
  const ends: Record<string, number> = {};
  let [transitions, replays, merges] = [0, 0, 0];
  let complete = true;
  const violate = (invariant: string, seen: string, path: readonly string[]): void => {
    if (violations.filter((one) => one.invariant === invariant).length >= 3) return;
    violations.push({ invariant, seen, path: [...path] });
    options.onViolation?.({ invariant, seen, path });
  };
  while (stack.length > 0) {
    if (cpuMs() - began > limitMs) {
      complete = false;
      break;
    }
    if (violations.some(({ invariant }) => invariant === stopAtFirst)) break;
    const node = stack.pop() ?? null;
    replays += 1;
    const way = new Way(sandbox, config);
    const taken: Choice[] = [];
    for (let at = node; at; at = at.parent) taken.push(at.choice);
    let accepted = true;
    while (taken.length > 0) accepted = way.take(taken.pop() as Choice);
    let here = node;
    if (!accepted) {
      // Refused: nothing has changed. Before gate complete nobody may be refused the way back.
      if (node?.choice.costs === 'rollback' && way.sim.status.rollback.possible) {
        const approved = way.sim.status.approvals.some(({ gate }) => gate === 'complete');
        if (!approved) violate('wayBack', 'a rollback is refused before gate complete was approved', way.path);
      }
      continue;
    }
    for (;;) {
      const link = (to: number | string): void => {
        const state = states[here?.from ?? -1];
        if (!state || !here) return;
        if (here.isOrdinary) state.next = to;
        if (here.choice.costs === 'rollback') state.back.push(to);
      };
      if (way.found) {
        violate(way.found.invariant, way.found.seen, way.path);
        link('violation');
        break;
      }
      if (way.sim.end) {
        const wrong = rules.endsWell(way.sim);
        if (wrong !== null) violate('endsWell', wrong, way.path);
        const end = way.sim.end.status?.state ?? way.sim.end.kind;
        ends[end] = (ends[end] ?? 0) + 1;
        link(end);
        break;
      }
      const key = way.key();
      const choices = way.choices(bounds);
      const offers = choices.map(({ name }) => name).join('\n');
      const known = numbers.get(key);
      if (known !== undefined) {
        merges += 1;
        if (states[known]?.offers !== offers)
          violate('keySeesAll', `${offers}\n---\n${states[known]?.offers ?? ''}`, way.path);
        link(known);
        break;
      }
      const number = states.length;
      numbers.set(key, number);
      link(number);
      states.push({ offers, next: null, back: [] });
      transitions += choices.length;
      const [ordinary] = choices;
      if (ordinary === undefined || ordinary.costs !== null) {
        violate(
          'wayForward',
          `nothing can happen and nobody is asked: ${way.sim.status.state} in ${way.sim.status.phase}`,
          way.path,
        );
        break;
      }
      const parent = here;
      for (const choice of choices.slice(1).reverse()) {
        stack.push({ parent, choice, from: number, isOrdinary: false });
      }
      here = { parent, choice: ordinary, from: number, isOrdinary: true };
      way.take(ordinary);
    }
  }
  if (complete) judgeGraph(states, violate);
  return { states: states.length, transitions, replays, merges, ends, ms: cpuMs() - began, complete, violations };
}

/** Follows the ordinary from every state: to an end, never round in a circle; after a rollback to `rolled-back`. */
function judgeGraph(
  states: readonly State[],
  violate: (invariant: string, seen: string, path: readonly string[]) => void,
): void {
  const ends = new Map<number, string>();
  const endOf = (state: number | string | null): string => {
    const seen: number[] = [];
    let at = state;
    while (typeof at === 'number' && !ends.has(at) && !seen.includes(at)) {
      seen.push(at);
      at = states[at]?.next ?? null;
    }
    const end = typeof at === 'number' ? (ends.get(at) ?? 'a circle') : (at ?? 'nowhere');
    for (const one of seen) ends.set(one, end);
    return end;
  };
  const good = new Set(['migrated', 'rolled-back', 'stranded', 'cancelled', 'failed']);
  states.forEach(({ offers, back }, number) => {
    const end = endOf(number);
    if (!good.has(end) && end !== 'violation')
      violate('wayForward', `from here the ordinary leads to ${end}:\n${offers}`, []);
    for (const to of back) {
      const behind = endOf(to);
      // Ordered too late it is refused, or the end was reached all the same; what it left is judged there.
      if (!good.has(behind) && behind !== 'violation')
        violate('wayBack', `a rollback leads to ${behind}:\n${offers}`, []);
    }
  });
}

const isWindow = ({ type }: { type: string }): boolean => type === 'cutOver';

/** Milliseconds of processor time: how much is explored must not depend on what else the machine does. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}
