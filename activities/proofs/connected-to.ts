import type { ClusterConfig, HostConfig } from '../../src/domain/config.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import { sameSocketAddress, type SocketAddress } from '../../src/domain/socket-table.js';
import type { Ports } from '../ports.js';
import { allServers, endpointsOf } from '../reach/addresses.js';
import { type Look, proved, unproved } from '../reach/await-proof.js';
import { type HostProcess, lookAtProcess } from '../reach/host-process.js';

export interface ConnectionRequest {
  readonly host: HostConfig;
  readonly unit: string;
  readonly url: MasterUrl;
  /** A standby scheduler looks for the leading master only once it leads itself. */
  readonly mayBeIdle?: boolean;
}

/**
 * Proves on the host that a unit's main process is connected to a server of the URL and to no other
 * ZooKeeper server of this configuration.
 */
export async function looksConnectedTo(
  ports: Ports,
  config: ClusterConfig,
  { host, unit, url, mayBeIdle = false }: ConnectionRequest,
  signal: AbortSignal,
): Promise<Look<HostProcess>> {
  const process = await lookAtProcess(ports.shell, config.ssh, { host, unit }, signal);
  if (process.mainPid === null) return unproved(`${unit} has no process (${process.activeState})`);
  const wanted = await endpointsOf(url.servers);
  const known = await endpointsOf(allServers(config).map(({ address, clientPort }) => ({ address, port: clientPort })));
  const elsewhere = process.sockets.filter(({ remote }) => has(known, remote) && !has(wanted, remote));
  if (elsewhere.length > 0) {
    const names = elsewhere.map(({ remote }) => `${remote.ip}:${String(remote.port)}`);
    return unproved(`${unit} is still connected to ${[...new Set(names)].join(', ')}`);
  }
  if (!mayBeIdle && !process.sockets.some(({ remote }) => has(wanted, remote))) {
    return unproved(
      `${unit} is connected to none of ${url.servers.map((s) => `${s.address}:${String(s.port)}`).join(', ')}`,
    );
  }
  return proved(process);
}

function has(list: readonly SocketAddress[], one: SocketAddress): boolean {
  return list.some((other) => sameSocketAddress(other, one));
}
