import { boundedSignal } from '../../src/domain/bounded-signal.js';
import type { ClusterConfig, MasterConfig, ServerConfig } from '../../src/domain/config.js';
import { parseMasterUrl } from '../../src/domain/master-url.js';
import { sameSocketAddress, type SocketAddress } from '../../src/domain/socket-table.js';
import type { Ports } from '../ports.js';
import { endpointsOf, httpBase } from '../reach/addresses.js';
import { lookAtProcess } from '../reach/host-process.js';

const FLAGS_MS = 1_000;
const LOOK_MS = 2_000;

/**
 * Why a running master that does not lead could still be elected while every observer is down; null
 * when it cannot. Its own flags name all servers it will ever ask, so one request to the process
 * itself proves more than a connection does, which comes and goes, and needs no ssh. Where they tell
 * nothing (refused, or a reference to a file, which may have changed since the start), its host says
 * which servers it is connected to: the weaker proof. Unknown is a doubt.
 */
export async function mayStandElsewhere(
  ports: Ports,
  config: ClusterConfig,
  master: MasterConfig,
  signal: AbortSignal,
): Promise<string | null> {
  const servers = await serversInFlags(ports, config, master, signal);
  if (servers !== null) {
    const others = await beyond(config.observers, servers);
    return others.length === 0 ? null : `${master.name} runs with ${others.join(', ')}, which is no observer`;
  }
  const subject = { host: master, unit: master.unit };
  const { sockets } = await lookAtProcess(ports.shell, config.ssh, subject, signal, LOOK_MS);
  const ensembles = await ends([...config.source.servers, ...config.target.servers]);
  const seen = sockets.find(({ remote }) => has(ensembles, remote))?.remote;
  return seen === undefined ? null : `${master.name} is connected to ${seen.ip}:${String(seen.port)}, no observer`;
}

type Server = ReturnType<typeof parseMasterUrl>['servers'][number];

async function serversInFlags(
  ports: Ports,
  config: ClusterConfig,
  master: MasterConfig,
  signal: AbortSignal,
): Promise<readonly Server[] | null> {
  try {
    const credentials = await ports.secrets(config.credentials.mesos);
    const { zk = '' } = await ports.mesos.flags(httpBase(master), credentials, boundedSignal(signal, FLAGS_MS));
    return parseMasterUrl(zk).servers;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Servers of a master URL that are none of these; a name that resolves to nothing counts as another one. */
async function beyond(observers: readonly ServerConfig[], servers: readonly Server[]): Promise<string[]> {
  const unnamed = servers.filter(
    ({ address, port }) => !observers.some((one) => one.address === address && one.clientPort === port),
  );
  if (unnamed.length === 0) return [];
  const known = await ends(observers);
  const judged = await Promise.all(
    unnamed.map(async (server) => {
      const found = await endpointsOf([server]);
      return found.length > 0 && found.every((end) => has(known, end)) ? [] : [server];
    }),
  );
  return judged.flat().map(({ address, port }) => `${address}:${String(port)}`);
}

function ends(servers: readonly ServerConfig[]): Promise<SocketAddress[]> {
  return endpointsOf(servers.map(({ address, clientPort }) => ({ address, port: clientPort })));
}

function has(list: readonly SocketAddress[], one: SocketAddress): boolean {
  return list.some((other) => sameSocketAddress(other, one));
}
