import type { AgentConfig, FrameworkInstanceConfig, HostConfig, MasterConfig, ServerConfig } from '../config.js';
import type { AclEntry } from '../publishing/door-acl.js';

/**
 * What stands where, from looking alone: nothing here is taken from a migration's history. What could
 * not be looked at is null or `unknown`, never guessed. Holds no secret.
 */
export interface Observation {
  readonly source: TreeObservation;
  readonly target: TreeObservation;
  readonly servers: readonly Observed<ServerConfig, ServerFacts>[];
  readonly observers: readonly (Observed<ServerConfig> & { readonly serves: Serves })[];
  readonly masters: readonly MasterObservation[];
  readonly agents: readonly Observed<AgentConfig>[];
  /** False when nobody could name the agents: none leads, and the config lists none. */
  readonly agentsKnown: boolean;
  readonly frameworks: readonly Observed<FrameworkInstanceConfig>[];
}

/** One process on its host. */
export interface Observed<H extends HostConfig = HostConfig, F = unknown> {
  readonly host: H;
  readonly unit: string;
  /** Null when the host could not be looked at; `problem` says why. */
  readonly facts: HostFacts | null;
  readonly problem: string | null;
  readonly more?: F;
}

/** Where a process finds its ZooKeeper. `elsewhere`: at none of the configured servers. */
export type Side = 'source' | 'observers' | 'target' | 'elsewhere' | 'unknown';

/** What an observer's marker tells (S24); `nothing`: its port refuses connections. */
export type Serves = 'source' | 'target' | 'nothing' | 'unknown';

export interface HostFacts {
  /** `stopped` only where systemd itself says so and there is no main process. */
  readonly process: 'running' | 'stopped' | 'unknown';
  /** A hold keeps the unit down: no boot, no restart and no timer starts it. */
  readonly held: boolean;
  /** Path of our drop-in beside the unit, null = none. */
  readonly dropIn: string | null;
  /** The state folder; `migration` null when it cannot be read. Null = no folder. */
  readonly state: { readonly folder: string; readonly migration: string | null; readonly generation: number } | null;
  /** Names of the files in the state folder. */
  readonly kept: readonly string[];
  /** Where the master URL file points; `unknown` for ZooKeeper servers. */
  readonly file: Side;
  /** Where the running process looks: its command line, else its connections. */
  readonly connected: Side;
  /** The master URL file as it was found, without credentials; null when it was never changed. */
  readonly original: string | null;
  /** Observers: whose data lies in place, by the tag we leave beside it. */
  readonly tag: 'source' | 'target' | null;
  /** Observers: the config of each ensemble lies parked beside the file. */
  readonly parked: boolean;
  /** Data of the other ensemble, set aside; folders. */
  readonly setAside: readonly string[];
}

export interface MasterObservation extends Observed<MasterConfig> {
  /** Its own `master/elected`; null when it does not answer. */
  readonly elected: boolean | null;
}

/** A ZooKeeper participant. */
export interface ServerFacts {
  readonly ensemble: 'source' | 'target';
  /** Decimal; null when it does not serve. */
  readonly epoch: string | null;
}

/** Znodes of ours in an ensemble. `unreadable`: it is there, but not for us to read. */
export interface TreeObservation {
  /** Why no session was to be had; the rest is empty then. */
  readonly problem: string | null;
  /** The migration that holds the lock; null = no lock. */
  readonly lock: string | null;
  /** Migrations whose traces the holder of the lock is taking over. */
  readonly tookOver: readonly string[];
  readonly marker: { readonly ensemble: string; readonly migration: string } | null;
  readonly door:
    | { readonly migration: string; readonly generation: number; readonly closed: boolean; readonly found: DoorAcls }
    | 'unreadable'
    | null;
  readonly owner:
    | { readonly migration: string; readonly generation: number; readonly mode: 'publishing' | 'withdrawn' }
    | 'unreadable'
    | null;
  /** Paths of all znodes of ours that are there. */
  readonly ours: readonly string[];
  /** Contenders by process id; mirrors among them. */
  readonly contenders: readonly string[];
}

export type DoorAcls = readonly { readonly path: string; readonly acl: readonly AclEntry[] }[];

/** Every observed process, with or without facts. */
export function everybody(seen: Observation): readonly Observed[] {
  return [...seen.servers, ...seen.observers, ...seen.masters, ...seen.agents, ...seen.frameworks];
}

/** Migrations named anywhere, each once. */
export function migrationsIn(seen: Observation): string[] {
  const names = [seen.source, seen.target].flatMap(({ lock, marker, door, owner }) => [
    lock,
    marker?.migration,
    door === null || door === 'unreadable' ? null : door.migration,
    owner === null || owner === 'unreadable' ? null : owner.migration,
  ]);
  const folders = everybody(seen).map(({ facts }) => facts?.state?.migration);
  return [...new Set([...names, ...folders].filter((name) => name !== null && name !== undefined))];
}

/** The highest generation seen on any host, door or owner znode. */
export function highestGeneration(seen: Observation): number {
  const trees = [seen.source, seen.target].flatMap(({ door, owner }) => [door, owner]);
  return Math.max(
    0,
    ...trees.map((one) => (one === null || one === 'unreadable' ? 0 : one.generation)),
    ...everybody(seen).map(({ facts }) => facts?.state?.generation ?? 0),
  );
}
