import type { StrategyName } from '../../src/domain/config.js';
import type { Lab } from '../lab.js';
import { zkServersOf } from '../stage/zk-connections.js';
import { differences, type Traces } from './traces.js';

/**
 * Mesos' processes that are connected to servers other than those of `side`, or to none.
 *
 * @returns one sentence each
 */
export async function strayed(lab: Lab, side: 'source' | 'target' | 'observers'): Promise<string[]> {
  const json = lab.refresh();
  const wanted = new Set(json[side].map(({ host }) => host));
  const port = json.source[0]?.clientPort ?? 0;
  const found: string[] = [];
  for (const { name, pid } of [...json.masters, ...json.agents, ...json.frameworks]) {
    const servers = pid === null ? [] : await zkServersOf(pid, port).catch(() => []);
    if (servers.length === 0) found.push(`${name} is connected to no ZooKeeper server`);
    for (const server of servers) if (!wanted.has(server)) found.push(`${name} is connected to ${server}, not ${side}`);
  }
  return found;
}

/** Where a migration that arrived leaves everybody; `settle` is off in campaigns. */
export function destination(strategy: StrategyName): 'target' | 'observers' {
  return strategy === 'observers' ? 'observers' : 'target';
}

/**
 * What a rolled back migration left behind. Parents that it made in target may stay, empty, while somebody is
 * connected there (S17), and the watchers always are.
 */
export function residue(before: Traces, after: Traces, electionPath: string): string[] {
  const accepted = new RegExp(`^target:${electionPath}(/log_replicas)? is new`);
  return differences(before, after).filter((difference) => !accepted.test(difference));
}

/** What of ours is left after a migration that arrived: it changes files, but leaves none under its own name. */
export function leftovers(before: Traces, after: Traces): string[] {
  return [...after.keys()]
    .filter((place) => !before.has(place) && /zkferry/.test(place))
    .map((place) => `${place} is left`);
}
