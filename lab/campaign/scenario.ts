import type { StrategyName } from '../../src/domain/config.js';
import type { Fault } from '../faults/fault.js';
import { faults as everyFault } from '../faults/index.js';
import { Random } from '../faults/random.js';
import type { Moment } from './moment.js';
import { drawMoment, drawOnTheWayBack } from './moments.js';

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

/** ZooKeeper of the two ensembles; observers get the newer one. */
export interface Versions {
  readonly source: string;
  readonly target: string;
}

/** A whole run, drawn from its seed and number alone. */
export interface Scenario {
  readonly seed: number;
  readonly run: number;
  readonly strategy: StrategyName;
  readonly masters: number;
  readonly agents: number;
  readonly frameworks: number;
  readonly versions: Versions;
  /** Whether masters log in to ZooKeeper. */
  readonly credentials: boolean;
  readonly temper: Temper;
  readonly faults: readonly PlannedFault[];
}

const STRATEGIES: readonly StrategyName[] = ['observers', 'dual-publishing'];

const SAME: Versions = { source: '3.8.4', target: '3.8.4' };
/** What set-up installs, and how people really move: to the same version or a newer one. */
export const VERSIONS: readonly Versions[] = [
  SAME,
  SAME,
  SAME,
  { source: '3.4.14', target: '3.8.4' },
  { source: '3.4.14', target: '3.9.5' },
  { source: '3.8.4', target: '3.9.5' },
  { source: '3.9.5', target: '3.9.5' },
];

const WAYS_BACK: readonly string[] = ['rollback-ordered', 'cancelled'];

export interface DrawOptions {
  readonly strategy?: StrategyName;
  /** Faults to draw from; default: all that campaigns draw. */
  readonly faults?: readonly Fault[];
}

/** The scenario of a run: the same seed and number give the same one. */
export function draw(seed: number, run: number, options: DrawOptions = {}): Scenario {
  const random = new Random(`campaign/${seed}/${run}`);
  const strategy = options.strategy ?? random.fork('strategy').pick(STRATEGIES);
  const size = random.fork('size');
  const temper = random.fork('temper');
  const from = options.faults ?? everyFault;
  return {
    seed,
    run,
    strategy,
    // One master is no high availability, five cost more processes than they teach.
    masters: 3,
    agents: size.int(2, 4),
    frameworks: size.chance(0.25) ? 2 : 1,
    versions: random.fork('versions').pick(VERSIONS),
    credentials: random.fork('credentials').chance(0.25),
    temper: { retries: temper.int(1, 3), gives: temper.chance(0.15) ? 'skip' : 'rollback' },
    faults: drawFaults(random.fork('faults'), strategy, from),
  };
}

/** The fault with the highest lot: one that is added later changes only the runs in which it wins. */
function drawFault(random: Random, possible: readonly Fault[]): Fault {
  const lots = possible.map((fault) => ({ fault, lot: random.fork(fault.kind).int(0, 2 ** 31 - 1) }));
  const [winner] = lots.sort((a, b) => b.lot - a.lot);
  if (winner === undefined) throw new RangeError('no fault can hit this strategy');
  return winner.fault;
}

/** One to three faults; where one of them orders the way back, the others often hit while it is gone. */
function drawFaults(random: Random, strategy: StrategyName, from: readonly Fault[]): PlannedFault[] {
  const possible = from.filter(({ strategies }) => strategies === undefined || strategies.includes(strategy));
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  const drawn = Array.from({ length: count }, (_, nth) => {
    const own = random.fork(`fault ${nth}`);
    const fault = drawFault(own, possible);
    const lastsMs = fault.lastsMs === null ? null : own.int(...fault.lastsMs);
    return { kind: fault.kind, moment: drawMoment(own, strategy), lastsMs };
  });
  if (!drawn.some(({ kind }) => WAYS_BACK.includes(kind))) return drawn;
  return drawn.map((fault, nth) => {
    const own = random.fork(`way back ${nth}`);
    if (WAYS_BACK.includes(fault.kind) || !own.chance(0.6)) return fault;
    return { ...fault, moment: drawOnTheWayBack(own) };
  });
}
