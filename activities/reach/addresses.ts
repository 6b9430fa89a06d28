import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import type { SocketAddress } from '../../src/domain/socket-table.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type { EnsembleName } from '../contract.js';

/** IPs of a configured address; an address that does not resolve has none. */
export async function ipsOf(address: string): Promise<string[]> {
  if (isIP(address) === 4) return [address];
  const found = await lookup(address, { all: true }).catch(() => []);
  return found.map(({ address: ip }) => ip);
}

/** Where the ZooKeeper servers of a list can be seen in a socket table. */
export async function endpointsOf(
  servers: readonly { readonly address: string; readonly port: number }[],
): Promise<SocketAddress[]> {
  const resolved = await Promise.all(
    servers.map(async ({ address, port }) => (await ipsOf(address)).map((ip) => ({ ip, port }))),
  );
  return resolved.flat();
}

/** A server as probes and sessions take it: its name and client port. */
export function clientAddress({ name, address, clientPort }: ServerConfig): ServerAddress {
  return { name, address, clientPort };
}

export function participantsOf(config: ClusterConfig, ensemble: EnsembleName): readonly ServerConfig[] {
  return config[ensemble].servers;
}

/** All ZooKeeper servers that the configuration knows, observers included. */
export function allServers(config: ClusterConfig): readonly ServerConfig[] {
  return [...config.source.servers, ...config.target.servers, ...config.observers];
}

/** `http://address:port`, IPv6 in brackets. */
export function httpBase({ address, httpPort }: { readonly address: string; readonly httpPort: number }): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${String(httpPort)}`;
}
