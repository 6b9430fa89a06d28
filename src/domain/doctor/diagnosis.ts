import { commandLine } from '../temporal-line.js';
import type { ClusterConfig } from '../config.js';
import { everybody, migrationsIn, type Observation, type Observed } from './observation.js';
import { standingOf } from './standing.js';
import { type HandStage, stepsByHand } from './steps.js';

export type Verdict = 'untouched' | 'mid-way forward' | 'inside the window' | 'split' | 'on target' | 'leftovers only';

/** What the observation means, and how to finish. */
export interface Diagnosis {
  readonly verdict: Verdict;
  /** Nothing is left to be done, and nothing is unknown. */
  readonly clean: boolean;
  /** Hosts and ensembles of which nothing could be seen, each with why. */
  readonly unknown: readonly { readonly name: string; readonly why: string }[];
  /** Why it cannot be taken for granted that nothing stands on target. */
  readonly doubts: readonly string[];
  readonly migrations: readonly string[];
  /** The recommended way; null when no migration is named anywhere, or several are. */
  readonly takeOver: string | null;
  readonly byHand: readonly HandStage[];
}

/** @param file the config as the person named it, for the command that is recommended. */
export function diagnose(config: ClusterConfig, seen: Observation, file: string): Diagnosis {
  const unknown = unknowns(seen);
  const verdict = verdictOf(config, seen);
  const traces = hasTraces(seen);
  const migrations = migrationsIn(seen);
  const migration = lastOf(migrations, seen);
  const { standing, why } = standingOf(config, seen);
  const clean = unknown.length === 0 && !traces && (verdict === 'untouched' || verdict === 'on target');
  return {
    verdict,
    clean,
    unknown,
    doubts: traces && standing === 'unknown' ? why : [],
    migrations,
    takeOver: migration === null ? null : commandLine('zkferry', 'start', '--take-over', migration, file),
    byHand: traces ? stepsByHand(config, seen, standing) : [],
  };
}

/** The one whose taking over covers all others; null when there is none. */
function lastOf(migrations: readonly string[], { source }: Observation): string | null {
  const [only] = migrations;
  if (migrations.length === 1) return only ?? null;
  const { lock, tookOver } = source;
  return lock !== null && migrations.every((one) => one === lock || tookOver.includes(one)) ? lock : null;
}

function unknowns(seen: Observation): { name: string; why: string }[] {
  const trees = (['source', 'target'] as const).flatMap((name) => {
    const { problem } = seen[name];
    return problem === null ? [] : [{ name: `the tree of ${name}`, why: problem }];
  });
  const hosts = everybody(seen)
    .filter(({ facts }) => facts === null)
    .map(({ host, problem }) => ({ name: host.name, why: problem ?? 'not looked at' }));
  const agents = seen.agentsKnown ? [] : [{ name: 'the agents', why: 'no leading master lists them' }];
  return [...trees, ...hosts, ...agents];
}

/** Anything of ours, anywhere. */
export function hasTraces(seen: Observation): boolean {
  return (
    [seen.source, seen.target].some(({ ours }) => ours.length > 0) ||
    everybody(seen).some(
      ({ facts }) => facts !== null && (facts.state !== null || facts.dropIn !== null || facts.setAside.length > 0),
    ) ||
    seen.observers.some(({ facts }) => facts !== null && (facts.tag !== null || facts.parked))
  );
}

function verdictOf(config: ClusterConfig, seen: Observation): Verdict {
  const clients = [...seen.agents, ...seen.frameworks];
  const led = seen.masters.some(({ elected }) => elected === true);
  const observersOn = seen.observers.filter(({ facts }) => facts?.process !== 'stopped').map(({ serves }) => serves);
  const used = seen.masters.some((master) => at(master, 'observers'));
  const targetServed =
    seen.masters.some((master) => at(master, 'target')) || (used && observersOn.some((serves) => serves === 'target'));
  const sourceServed =
    seen.masters.some((master) => at(master, 'source')) || (used && observersOn.some((serves) => serves === 'source'));
  if (targetServed && sourceServed) return 'split';
  const crossing = config.strategy === 'observers' ? seen.observers.filter(() => used) : [];
  const stuck = [...seen.masters, ...crossing].some(({ facts }) => facts?.held === true);
  const down = crossing.some(({ facts }) => facts?.process === 'stopped');
  if (stuck || (hasTraces(seen) && !led && (down || targetServed))) return 'inside the window';
  if (targetServed) return 'on target';
  const moved = [...seen.masters, ...clients].some(
    ({ facts }) =>
      facts !== null && [facts.file, facts.connected].some((side) => side === 'observers' || side === 'target'),
  );
  const mirrored = seen.target.owner !== null;
  const observed = seen.observers.some(({ facts }) => facts !== null && facts.tag !== null);
  if (moved || mirrored || observed) return 'mid-way forward';
  return hasTraces(seen) ? 'leftovers only' : 'untouched';
}

/** Running, and there for all one can see. */
function at({ facts }: Observed, side: 'source' | 'observers' | 'target'): boolean {
  if (facts === null || facts.process === 'stopped') return false;
  return facts.connected === side || (facts.connected === 'unknown' && facts.file === side);
}
