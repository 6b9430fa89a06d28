import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RawConfig } from '../../src/config/schema.js';
import type { StrategyName } from '../../src/domain/config.js';
import { sshPort } from '../hosts/host.js';
import { operator } from '../hosts/ssh-server.js';
import type { SshKeys } from '../hosts/ssh-keys.js';
import { frameworkEnvironmentFile, frameworkMasterKey, frameworkUnit } from '../hosts/trees/framework-tree.js';
import type { Layout, Placed, PlacedServer } from './layout.js';

export interface ClusterYamlOptions {
  readonly dir: string;
  readonly cluster: string;
  readonly strategy: StrategyName;
  readonly electionPath: string;
  readonly layout: Layout;
  readonly keys: SshKeys;
  readonly sessionMs: number;
  readonly frameworkNames: readonly string[];
  /** Files that hold `user:password` and the passphrase of the SSH key, null = none, and the publisher's key. */
  readonly credentials: Readonly<Record<'source' | 'target' | 'passphrase', string | null>> & {
    readonly publisher: string;
  };
}

/**
 * The lab's `cluster.yaml`: what an operator would write for this cluster, with a short soak. It holds what either
 * strategy needs, so that one word chooses.
 */
export function clusterYaml(options: ClusterYamlOptions): string {
  const head = [
    '# The cluster of this lab, ready for `zkferry start`. Agents are not listed: they are read from',
    '# the leading master, whose list names them by address.',
    '',
  ];
  return `${head.join('\n')}${stringify(clusterConfig(options), { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function clusterConfig(options: ClusterYamlOptions): RawConfig {
  const { dir, cluster, strategy, electionPath, layout, keys, sessionMs, frameworkNames, credentials } = options;
  const root = (host: Placed) => join(dir, 'hosts', host.name);
  const server = ({ name, address, id }: PlacedServer) => ({ name, address, id, root: root({ name, address }) });
  const file = (path: string | null) => (path === null ? null : `file:${path}`);
  return {
    cluster,
    strategy,
    electionPath,
    source: { servers: layout.source.map(server) },
    target: { allowRestart: true, servers: layout.target.map(server) },
    observers: layout.observers.map(server),
    masters: layout.masters.map((host) => ({ name: host.name, address: host.address, root: root(host) })),
    agents: { discover: true, root: join(dir, 'hosts', '{host}') },
    frameworks: layout.frameworks.map((host, i) => ({
      name: frameworkNames[i] ?? host.name,
      stop: 'sigkill' as const,
      instances: [
        {
          name: host.name,
          address: host.address,
          root: root(host),
          unit: frameworkUnit,
          masterUrl: { envFile: frameworkEnvironmentFile, key: frameworkMasterKey },
        },
      ],
    })),
    ssh: {
      port: sshPort,
      user: operator,
      identity: `file:${keys.identityFile}`,
      ...(credentials.passphrase === null ? {} : { passphrase: file(credentials.passphrase) }),
      knownHosts: keys.knownHostsFile,
    },
    credentials: {
      ...(credentials.source === null && credentials.target === null
        ? {}
        : { source: file(credentials.source), target: file(credentials.target) }),
      publisher: file(credentials.publisher),
    },
    policy: { soak: '10s', acceptClients: [layout.watchers], timeouts: { session: `${String(sessionMs)}ms` } },
  };
}
