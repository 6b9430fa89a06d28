import type { ClusterConfig, HostConfig } from '../../src/domain/config.js';
import type { HostFacts, Observation, Observed, TreeObservation } from '../../src/domain/doctor/observation.js';

export const MIGRATION = 'zkferry-test/0aa1';
const STATE = '/var/lib/zkferry/test';

const noTraces: HostFacts = {
  process: 'running',
  held: false,
  dropIn: null,
  state: null,
  kept: [],
  file: 'source',
  connected: 'source',
  original: null,
  tag: null,
  parked: false,
  setAside: [],
};

/** What a process shows that was moved by a migration. */
export function moved(to: 'observers' | 'target', unit: string): Partial<HostFacts> {
  return {
    state: { folder: STATE, migration: MIGRATION, generation: 7 },
    kept: ['generation', 'lock', `orig-${unit}`, `place-${unit}`],
    file: to,
    connected: to,
    original: 'zk://***@10.0.0.2:2181/mesos',
  };
}

export function down(unit: string, facts: Partial<HostFacts> = {}): Partial<HostFacts> {
  return {
    state: { folder: STATE, migration: MIGRATION, generation: 12 },
    dropIn: `/etc/systemd/system/${unit}.service.d/90-zkferry.conf`,
    process: 'stopped',
    held: true,
    connected: 'unknown',
    ...facts,
  };
}

const emptyTree: TreeObservation = {
  problem: null,
  lock: null,
  tookOver: [],
  marker: null,
  door: null,
  owner: null,
  ours: [],
  contenders: [],
};

export function heldTree(
  ensemble: 'source' | 'target',
  cluster = 'test',
  more: Partial<TreeObservation> = {},
): TreeObservation {
  const isSource = ensemble === 'source';
  return {
    ...emptyTree,
    lock: isSource ? MIGRATION : null,
    marker: { ensemble, migration: MIGRATION },
    ours: [...(isSource ? [`/zkferry-${cluster}`] : []), `/zkferry-marker-${cluster}`],
    ...more,
  };
}

/** A cluster that nobody has touched; m1 leads. */
export function untouched(config: ClusterConfig): Observation {
  const plain = <H extends HostConfig & { readonly unit: string }>(host: H): Observed<H> => ({
    host,
    unit: host.unit,
    facts: noTraces,
    problem: null,
  });
  const server = { ...noTraces, file: 'unknown', connected: 'unknown' } as const;
  return {
    source: emptyTree,
    target: emptyTree,
    servers: (['source', 'target'] as const).flatMap((ensemble) =>
      config[ensemble].servers.map((host) => ({ ...plain(host), facts: server, more: { ensemble, epoch: '3' } })),
    ),
    observers: config.observers.map((host) => ({
      ...plain(host),
      facts: { ...server, process: 'stopped' },
      serves: 'nothing',
    })),
    masters: config.masters.map((host) => ({ ...plain(host), elected: host.name === 'm1' })),
    agents: config.agents.hosts.map(plain),
    agentsKnown: true,
    frameworks: config.frameworks.flatMap(({ instances }) => instances.map(plain)),
  };
}

/** The same with other facts of some hosts. */
export function where<T extends Observed>(hosts: readonly T[], facts: (host: T) => Partial<HostFacts> | null): T[] {
  return hosts.map((one) => {
    const change = facts(one);
    if (change === null) return { ...one, facts: null, problem: 'no route to it' };
    return { ...one, facts: { ...noTraces, ...one.facts, ...change } };
  });
}

/** Everything on observers that serve source, as at gate `cut-over`. */
export function onObservers(config: ClusterConfig): Observation {
  const seen = untouched(config);
  return {
    ...seen,
    source: heldTree('source'),
    target: heldTree('target'),
    observers: where(seen.observers, ({ unit }) => ({
      state: { folder: STATE, migration: MIGRATION, generation: 9 },
      kept: [`found-${unit}`, `config-${unit}`, `zoo.cfg-${unit}`],
      process: 'running',
      tag: 'source',
      parked: true,
    })).map((one) => ({ ...one, serves: 'source' })),
    masters: where(seen.masters, ({ unit }) => moved('observers', unit)),
    agents: where(seen.agents, ({ unit }) => moved('observers', unit)),
    frameworks: where(seen.frameworks, ({ unit }) => moved('observers', unit)),
  };
}

/** Agents and schedulers on target, mirrors published, masters on source. */
export function published(config: ClusterConfig): Observation {
  const seen = untouched(config);
  const acl = [{ permissions: 31, scheme: 'world', id: 'anyone' }];
  const door = { migration: MIGRATION, generation: 3, closed: true, found: [{ path: '/mesos', acl }] };
  return {
    ...seen,
    source: heldTree('source'),
    target: heldTree('target', 'test', {
      door,
      owner: { migration: MIGRATION, generation: 4, mode: 'publishing' },
      ours: ['/zkferry-marker-test', '/zkferry-publisher-test', '/zkferry-door-test'],
    }),
    masters: where(seen.masters, ({ unit }) => ({
      state: { folder: STATE, migration: MIGRATION, generation: 2 },
      kept: [`found-${unit}`, `staged-${unit}`, `place-${unit}`],
      original: 'zk://10.0.0.2:2181/mesos',
    })),
    agents: where(seen.agents, ({ unit }) => moved('target', unit)),
    frameworks: where(seen.frameworks, ({ unit }) => moved('target', unit)),
  };
}
