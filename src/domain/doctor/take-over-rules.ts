import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import { failureFindings } from '../preflight.js';
import { clusterRules } from '../preflight/cluster-rules.js';
import { block, info } from '../preflight/finding.js';
import { anyHost } from '../preflight/host-rules.js';
import type { Survey } from '../survey.js';
import { migrationsIn, type Observation } from './observation.js';
import { standingOf } from './standing.js';

/** The migration that is taken over, and the one that does it. */
export interface Taking {
  readonly from: string;
  readonly migration: string;
}

/** Checks that may fail here: a migration that was cut off may have left nobody leading, and target down. */
const MAY_FAIL =
  /^check-(leading-master|master-|zookeeper-server|target-tree|target-acls|clients-of-source|agent-state)/;

/**
 * What speaks against taking a migration over. That it holds the lock, left files and moved processes is
 * as expected; another one's traces are not, nor is a host of which nothing can be seen.
 */
export function takeOverFindings(config: ClusterConfig, survey: Survey, seen: Observation, taking: Taking): Finding[] {
  return [
    ...failureFindings(survey).filter(({ id }) => !MAY_FAIL.test(id)),
    ...ownership(seen, taking),
    ...strategyRules(config, seen),
    ...Object.entries(survey.hosts).flatMap(([name, host]) => anyHost(name, host)),
    ...wayBack(config, seen),
  ];
}

function ownership(seen: Observation, { from, migration }: Taking): Finding[] {
  const named = migrationsIn(seen);
  const { lock, tookOver } = seen.source;
  const inherited = lock === from || lock === migration ? tookOver : [];
  const others = named.filter((name) => name !== from && name !== migration && !inherited.includes(name));
  const findings = others.map((other) =>
    block('other-migration', {
      seen: `migration ${other} has left traces, too`,
    }),
  );
  if (named.some((name) => name === from || name === migration)) return findings;
  return [
    ...findings,
    block('nothing-to-take-over', {
      seen: `neither lock, marker nor any host names migration ${from}`,
    }),
  ];
}

function strategyRules({ strategy }: ClusterConfig, { source, target }: Observation): Finding[] {
  if (strategy === 'dual-publishing') return [];
  if ([source.door, target.door, target.owner].every((one) => one === null)) return [];
  return [block('take-over-strategy', { seen: 'a door or a publisher of dual-publishing is there' })];
}

function wayBack(config: ClusterConfig, seen: Observation): Finding[] {
  const { standing, why } = standingOf(config, seen);
  if (standing === 'source') return [];
  return [info('way-back-through-the-window', { seen: why.join('; ') })];
}

/** Who is not back yet, one sentence each: before that the way back would leave them where they are. */
export function absentees(config: ClusterConfig, survey: Survey): string[] {
  if (survey.cluster === null) return ['no master leads'];
  const awaited =
    /^(agents-recovering|agent-inactive|agent-not-registered|framework-disconnected|framework-not-registered)$/;
  return clusterRules(config, survey)
    .filter(({ id, verdict }) => verdict === 'block' && awaited.test(id))
    .map(({ seen }) => seen);
}
