import { isIP } from 'node:net';
import { DEFAULTS } from './defaults.js';
import { pathText, type Problem } from './problem.js';
import type { Partly } from './prune.js';
import type { RawConfig } from './schema.js';

type Raw = Partly<RawConfig>;
type Place = Partly<NonNullable<RawConfig['masters'][number]['masterUrl']>>;

/** A process of the config and where it is, defaults filled in as far as these rules need them. */
interface Resident {
  readonly path: Problem['path'];
  readonly name: string | undefined;
  readonly address: string | undefined;
  /** Distinguishes hosts: address, ssh port and root. */
  readonly host: string | undefined;
  readonly unit: string | undefined;
  /** Ports it listens on, by the field that sets them. */
  readonly ports: Readonly<Record<string, number>>;
  /** Paths that no other process of the host may share, by field. */
  readonly own: Readonly<Record<string, string>>;
  /** Where a Mesos process reads its master URL, as text; undefined for ZooKeeper servers. */
  readonly masterUrl: string | undefined;
}

/** Names, addresses, ports, units and paths that collide or cannot be. */
export function placeProblems(raw: Raw): Problem[] {
  const residents = residentsOf(raw);
  return [
    ...residents.flatMap(addressProblem),
    ...duplicates(
      residents,
      ({ name }) => (name === undefined ? [] : [['name', name]]),
      (key, other) => `the name ${key} is taken by ${other}; names are unique in the whole config`,
      'give it another name',
    ),
    ...duplicates(
      residents,
      ({ address, ports }) =>
        address === undefined
          ? []
          : Object.entries(ports).map(([field, port]) => [field, `${address}:${String(port)}`]),
      (key, other) => `${key} is also used by ${other}`,
      'give one of them another address or port',
    ),
    ...duplicates(
      residents,
      ({ host, unit }) => (host === undefined || unit === undefined ? [] : [['unit', `${host} ${unit}`]]),
      (_, other) => `the same unit of the same host is already ${other}`,
      'name the unit of each',
    ),
    ...duplicates(
      residents,
      ({ host, own }) =>
        host === undefined ? [] : Object.entries(own).map(([field, path]) => [field, `${host} ${path}`]),
      (_, other) => `the same path of the same host is already used by ${other}`,
      'give each a path of its own',
    ),
    ...duplicates(
      residents,
      ({ host, masterUrl }) =>
        host === undefined || masterUrl === undefined ? [] : [['masterUrl', `${host} ${masterUrl}`]],
      (_, other) =>
        `${other} on the same host reads its master URL from the same place, so they cannot move one after the other (S4)`,
      'give one of them a masterUrl of its own',
    ),
    ...masterUrlProblems(raw),
  ];
}

function addressProblem({ path, address }: Resident): Problem[] {
  if (address === undefined || !address.includes(':') || isIP(address) === 6) return [];
  return [{ path: [...path, 'address'], message: 'must be an IP address or a host name, without a port' }];
}

function duplicates(
  residents: readonly Resident[],
  keysOf: (resident: Resident) => (readonly [field: string, key: string])[],
  message: (key: string, other: string) => string,
  suggestion: string,
): Problem[] {
  const seen = new Map<string, Resident>();
  return residents.flatMap((resident) =>
    keysOf(resident).flatMap(([field, key]) => {
      const other = seen.get(key);
      if (other === undefined) {
        seen.set(key, resident);
        return [];
      }
      const who = other === resident ? 'the same server' : pathText(other.path);
      return [{ path: [...resident.path, field], message: message(key, who), suggestion }];
    }),
  );
}

function residentsOf(raw: Raw): Resident[] {
  const sshPort = raw.ssh?.port ?? DEFAULTS.sshPort;
  type Entry = Partly<{ name: string; address: string; sshPort: number; root: string; unit: string }>;
  const base = (
    path: Problem['path'],
    entry: Entry,
    unit: string | undefined,
  ): Omit<Resident, 'ports' | 'own' | 'masterUrl'> => {
    const name = entry.name ?? entry.address;
    const root = (entry.root ?? DEFAULTS.root).replaceAll('{host}', name ?? '');
    return {
      path,
      name,
      address: entry.address,
      host: entry.address && `${entry.address}:${String(entry.sshPort ?? sshPort)}${root}`,
      unit: entry.unit ?? unit,
    };
  };
  const server = (
    path: Problem['path'],
    defaults: Partly<RawConfig['source']['defaults']>,
    entry: Raw['observers'],
  ): Resident[] =>
    (entry ?? []).flatMap((own, index) => {
      if (own === undefined) return [];
      const { clientPort, quorumPort, electionPort, dataDir, configFile } = {
        ...DEFAULTS.server,
        ...withoutGaps(defaults),
        ...withoutGaps(own),
      };
      return [
        {
          ...base([...path, index], { ...withoutGaps(defaults), ...own }, DEFAULTS.server.unit),
          ports: { clientPort, quorumPort, electionPort },
          own: { dataDir, configFile },
          masterUrl: undefined,
        },
      ];
    });
  const mesos = (
    path: Problem['path'],
    entries: readonly (Partly<RawConfig['masters'][number]> | undefined)[],
    kind: { httpPort: number; unit: string },
  ): Resident[] =>
    entries.flatMap((entry, index) =>
      entry === undefined
        ? []
        : [
            {
              ...base([...path, index], entry, kind.unit),
              ports: { httpPort: entry.httpPort ?? kind.httpPort },
              own: {},
              masterUrl: placeText('masterUrl' in entry ? entry.masterUrl : { file: DEFAULTS.masterUrlFile }),
            },
          ],
    );
  const { hosts = [], discover: _, ...shared } = raw.agents ?? {};
  const agents = hosts.map((host) =>
    host === undefined ? undefined : { ...withoutGaps(shared), ...withoutGaps(host) },
  );
  return [
    ...server(['source', 'servers'], raw.source?.defaults, raw.source?.servers),
    ...server(['target', 'servers'], raw.target?.defaults, raw.target?.servers),
    ...server(['observers'], undefined, raw.observers),
    ...mesos(['masters'], raw.masters ?? [], DEFAULTS.master),
    ...mesos(['agents', 'hosts'], agents, DEFAULTS.agent),
    ...(raw.frameworks ?? []).flatMap((framework, index) =>
      (framework?.instances ?? []).flatMap((instance, at) =>
        instance === undefined
          ? []
          : [
              {
                ...base(['frameworks', index, 'instances', at], instance, undefined),
                ports: {},
                own: {},
                masterUrl: placeText(instance.masterUrl),
              },
            ],
      ),
    ),
  ];
}

/** Undefined for a place with a problem of its own. */
function placeText(place: Place | undefined): string | undefined {
  if (place?.envFile !== undefined && place.key !== undefined) return `${place.envFile} ${place.key}`;
  return place?.file;
}

function withoutGaps<T extends object>(value: T | undefined): T {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, item]) => item !== undefined)) as T;
}

function masterUrlProblems(raw: Raw): Problem[] {
  const places: (readonly [Problem['path'], Place | undefined])[] = [
    ...(raw.masters ?? []).map((master, index) => [['masters', index, 'masterUrl'], master?.masterUrl] as const),
    [['agents', 'masterUrl'], raw.agents?.masterUrl],
    ...(raw.agents?.hosts ?? []).map(
      (host, index) => [['agents', 'hosts', index, 'masterUrl'], host?.masterUrl] as const,
    ),
    ...(raw.frameworks ?? []).flatMap((framework, index) =>
      (framework?.instances ?? []).map(
        (instance, at) => [['frameworks', index, 'instances', at, 'masterUrl'], instance?.masterUrl] as const,
      ),
    ),
  ];
  return places.flatMap(([path, place]) => {
    if (place === undefined) return [];
    const has = (field: keyof Place): boolean => field in place;
    if (has('file') === has('envFile')) return [{ path, message: 'must be either file, or envFile and key' }];
    if (has('envFile') !== has('key')) return [{ path, message: 'must name envFile and key together' }];
    return [];
  });
}
