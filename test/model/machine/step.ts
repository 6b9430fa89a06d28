/* eslint-disable @typescript-eslint/no-explicit-any -- an activity's argument, of any of their types */
import type { Activities, EnsembleName } from '../../../activities/contract.js';
import type { ClusterConfig } from '../../../src/domain/config.js';
import type { MasterUrl } from '../../../src/domain/plan.js';
import { SIDES, type Client, type Host, type World } from './world.js';

export type Name = keyof Activities;
/** An activity's argument; what is read of it depends on which it is. */
export type Args = any;

/** A refusal that no retry mends, as the host's own script would give it. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a step changes and reports. `change` may refuse; it is asked at the instant of the effect. */
export interface Step {
  readonly host: string | null;
  /** Null = only reads. */
  readonly change: ((world: World, now: number) => void) | null;
  /** @returns null while what it waits for does not hold. */
  report(world: World, now: number): unknown;
}

export interface Knobs {
  readonly config: ClusterConfig;
  /** How often the plan has changed. */
  plans: number;
}

/** How each activity of one interface of the contract acts on the model world. */
export type StepsOf<Some> = { readonly [Each in keyof Some]: (a: Args, knobs: Knobs) => Step };

export const DONE = {};
export const OBSERVERS_PORT = 2182;
export const iso = (now: number) => new Date(now).toISOString();

export function read(report: Step['report']): Step {
  return { host: null, change: null, report };
}

export function write(change: (world: World, now: number) => void, result: unknown = DONE): Step {
  return { host: null, change, report: () => result };
}

type Kind = 'servers' | 'observers' | 'masters' | 'agents' | 'frameworks' | null;

/** A fenced change of one host (S2). */
export function onHost<T extends Host>(
  a: Args,
  kind: Kind,
  host: { name: string },
  change: (it: T, world: World, now: number) => void,
  result: (now: number) => unknown = () => DONE,
): Step {
  return {
    host: host.name,
    change: (world, now) => {
      const it = find(world, kind, host.name) as unknown as T;
      if (typeof a.deadline === 'number' && now >= a.deadline)
        throw new Refused('FERRY_DEADLINE', 'too late to start anything');
      if (it.generation === 0 || it.generation > a.fence.generation) {
        throw new Refused('FERRY_FENCED', `generation ${a.fence.generation} is older than ${it.generation}`);
      }
      it.generation = a.fence.generation;
      change(it, world, now);
    },
    report: (_world, now) => result(now),
  };
}

export function find(world: World, kind: Kind, name: string) {
  const it =
    kind === null
      ? (world.servers[name] ??
        world.observers[name] ??
        world.masters[name] ??
        world.agents[name] ??
        world.frameworks[name])
      : world[kind][name];
  if (it === undefined) throw new Error(`no host ${name}`);
  return it;
}

export function urlOf(url: { servers: unknown } | null): Client['url'] {
  if (url === null) return 'source';
  const { credentialsOf, servers } = url as MasterUrl;
  return credentialsOf === 'target' ? 'target' : servers[0]?.port === OBSERVERS_PORT ? 'observers' : 'source';
}

/** A master that may lead on that side. */
export function leads(world: World, side: EnsembleName): string | null {
  return Object.keys(world.masters).find((master) => world.masters[master]?.mayClaim.includes(side)) ?? null;
}

export const somebodyLeads = (world: World) => SIDES.some((side) => leads(world, side) !== null);
