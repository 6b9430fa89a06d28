import type { StrategyName } from '../../src/domain/config.js';
import type { Fault } from '../faults/fault.js';
import { faults as everyFault } from '../faults/index.js';
import { Random } from '../faults/random.js';
import type { Moment } from './moment.js';

/** One fault of a run: what, when, for how long. */
export interface PlannedFault {
  readonly kind: string;
  readonly moment: Moment;
  /** Until it is healed, ms; null = it is over at once. */
  readonly lastsMs: number | null;
}

/** How the person at the desk behaves. */
export interface Temper {
  /** Retries of one phase's incidents before something else is decided. */
  readonly retries: number;
  /** What is decided then, where it is offered. */
  readonly gives: 'rollback' | 'skip';
}

/** A whole run, drawn from its seed and number alone. */
export interface Scenario {
  readonly seed: number;
  readonly run: number;
  readonly strategy: StrategyName;
  readonly masters: number;
  readonly agents: number;
  readonly frameworks: number;
  readonly versions: { readonly source: string; readonly target: string };
  readonly credentials: boolean;
  readonly temper: Temper;
  readonly faults: readonly PlannedFault[];
}

/** Phases by their names in `status`, in order; each may be hit. */
export const PHASES: Readonly<Record<StrategyName, readonly string[]>> = {
  observers: [
    'prepare-target',
    'add-observers',
    'move-agents',
    'move-frameworks',
    'move-masters',
    'gate cut-over',
    'cut-over',
    'soak',
    'clean-up',
  ],
  'dual-publishing': [
    'prepare-target',
    'publish',
    'move-agents',
    'move-frameworks',
    'gate cut-over',
    'cut-over',
    'soak',
    'end-publishing',
    'clean-up',
  ],
};

const STRATEGIES: readonly StrategyName[] = ['observers', 'dual-publishing'];

export interface DrawOptions {
  readonly strategy?: StrategyName;
  /** Faults to draw from; default: all that are registered. */
  readonly faults?: readonly Fault[];
}

/** The scenario of a run: the same seed and number give the same one. */
export function draw(seed: number, run: number, options: DrawOptions = {}): Scenario {
  const random = new Random(`campaign/${seed}/${run}`);
  const strategy = options.strategy ?? random.fork('strategy').pick(STRATEGIES);
  const size = random.fork('size');
  const agents = size.int(2, 4);
  const frameworks = size.chance(0.25) ? 2 : 1;
  const temper = random.fork('temper');
  return {
    seed,
    run,
    strategy,
    masters: 3,
    agents,
    frameworks,
    versions: { source: '3.8.4', target: '3.8.4' },
    credentials: random.fork('credentials').chance(0.25),
    temper: { retries: temper.int(1, 3), gives: temper.chance(0.15) ? 'skip' : 'rollback' },
    faults: drawFaults(random.fork('faults'), strategy, options.faults ?? everyFault),
  };
}

function drawFaults(random: Random, strategy: StrategyName, from: readonly Fault[]): PlannedFault[] {
  const possible = from.filter(({ strategies }) => strategies === undefined || strategies.includes(strategy));
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  return Array.from({ length: count }, (_, nth) => {
    const own = random.fork(`fault ${nth}`);
    const fault = own.pick(possible);
    const lastsMs = fault.lastsMs === null ? null : own.int(...fault.lastsMs);
    return { kind: fault.kind, moment: drawMoment(own, strategy), lastsMs };
  });
}

/** The window is the shortest stretch and the one that matters most: a third of all faults go there. */
function drawMoment(random: Random, strategy: StrategyName): Moment {
  const sort = random.int(1, 12);
  if (sort <= 4) return { at: 'window', plusMs: random.int(0, 8_000) };
  if (sort === 5) return { at: 'gate', gate: random.pick(['begin', 'cut-over', 'complete'] as const), plusMs: 0 };
  return { at: 'phase', phase: random.pick(PHASES[strategy]), plusMs: random.int(0, 4_000) };
}
