import type { EnsembleName } from '../../../activities/contract.js';
import { aConfig } from '../../fakes/plans.js';
import type { ClusterConfig, StrategyName } from '../../../src/domain/config.js';

export const SIDES: readonly EnsembleName[] = ['source', 'target'];

/** What every host keeps of us; `generation` 0 = not adopted, or released. */
export interface Host {
  generation: number;
  running: boolean;
  /** The hold file stands: the unit cannot start by itself. */
  held: boolean;
  /** Drop-in, parked files, data set aside: what has to be gone in the end. */
  ours: string[];
}

export interface Observer extends Host {
  files: EnsembleName | null;
}

export interface Client extends Host {
  url: EnsembleName | 'observers';
}

export interface Master extends Client {
  /** Sides in whose tree this process may believe that it leads. */
  mayClaim: EnsembleName[];
}

interface Door {
  open: boolean;
  /** Of the znode that remembers it; null = there is none. */
  generation: number | null;
}

/**
 * A cluster as far as safety depends on it, and no further. Elections are not played but allowed: every
 * running master that reaches an ensemble behind an open door may lead there at any time, unless it
 * was proved since that it does not.
 */
export interface World {
  readonly servers: Record<string, Host>;
  readonly observers: Record<string, Observer>;
  readonly masters: Record<string, Master>;
  readonly agents: Record<string, Client>;
  readonly frameworks: Record<string, Client>;
  readonly doors: Record<EnsembleName, Door>;
  lock: boolean;
  trees: boolean;
  epoch: 'below' | 'above';
  epochFiles: 'found' | 'raised';
  publisher: { generation: number; mode: 'publishing' | 'withdrawn' } | null;
  publishes: boolean;
}

/** The smallest cluster in which all that can go wrong between hosts still can. */
export function modelConfig(strategy: StrategyName): ClusterConfig {
  const config = aConfig(1, { strategy });
  const [t1] = config.target.servers;
  if (t1 === undefined) throw new Error('no server');
  return {
    ...config,
    source: { servers: config.source.servers.slice(0, 1) },
    target: { servers: [t1], allowRestart: true },
    observers: strategy === 'observers' ? config.observers.slice(0, 2) : [],
    masters: config.masters.slice(0, 2),
    policy: { ...config.policy, searchAttributes: false },
  };
}

export function initialWorld(config: ClusterConfig): World {
  const host = (): Host => ({ generation: 0, running: true, held: false, ours: [] });
  const byName = <T>(hosts: readonly { name: string }[], make: () => T): Record<string, T> =>
    Object.fromEntries(hosts.map(({ name }) => [name, make()]));
  const world: World = {
    servers: byName(config.target.servers, host),
    observers: byName(config.observers, () => ({ ...host(), running: false, files: null })),
    masters: byName(config.masters, () => ({ ...host(), url: 'source' as const, mayClaim: [] })),
    agents: byName(config.agents.hosts, () => ({ ...host(), url: 'source' as const })),
    frameworks: byName(
      config.frameworks.flatMap(({ instances }) => instances),
      () => ({ ...host(), url: 'source' as const }),
    ),
    doors: { source: { open: true, generation: null }, target: { open: true, generation: null } },
    lock: false,
    trees: false,
    epoch: 'below',
    epochFiles: 'found',
    publisher: null,
    publishes: false,
  };
  elect(world);
  return world;
}

/** The sides that a client with this URL may reach now. */
export function reach(world: World, url: Client['url']): readonly EnsembleName[] {
  if (url !== 'observers') return [url];
  const serving = Object.values(world.observers).filter(({ running }) => running);
  return SIDES.filter((side) => serving.some(({ files }) => files === side));
}

/** After every change: who may have been elected by it, and who can lead no more. */
export function elect(world: World): void {
  for (const master of Object.values(world.masters)) {
    if (!master.running) {
      if (master.mayClaim.length > 0) master.mayClaim = [];
      continue;
    }
    for (const side of reach(world, master.url)) {
      if (world.doors[side].open && !master.mayClaim.includes(side))
        master.mayClaim = [...master.mayClaim, side].sort();
    }
  }
}

/** Mirrors stand in target as long as somebody publishes and nobody has withdrawn them. */
export function mirrored(world: World): boolean {
  return world.publishes && world.publisher?.mode === 'publishing';
}

/** All of the world that lasts: what a rollback has to restore. */
export function lasting(world: World): unknown {
  const { epoch: _epoch, ...rest } = world;
  return { ...rest, masters: Object.values(rest.masters).map(({ mayClaim: _claims, ...master }) => master) };
}
