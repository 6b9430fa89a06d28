import type { ClusterConfig } from '../../src/domain/config.js';
import { LockedError } from '../../src/domain/proof-errors.js';
import { parseLock } from '../ensembles/lock.js';
import type { Ports } from '../ports.js';
import { lockPath } from './marker.js';
import { scope } from './scope.js';
import { inSession } from './session.js';

/** The migration that holds the cluster's lock in source, null when nobody does. */
export async function lockHolder(ports: Ports, config: ClusterConfig): Promise<string | null> {
  const request = { config, servers: config.source.servers, as: 'source', timeoutMs: 10_000 } as const;
  return inSession(ports, request, scope().signal, async (session) => {
    const held = await session.read(lockPath(config.cluster));
    return held === null ? null : (parseLock(held.data)?.migration ?? 'nobody known');
  });
}

/**
 * For first writes, which no generation on a host or in a znode can tell late.
 * @throws LockedError unless this migration holds the lock
 */
export async function requireLock(ports: Ports, config: ClusterConfig, migration: string): Promise<void> {
  const holder = await lockHolder(ports, config);
  if (holder !== migration) throw new LockedError(lockPath(config.cluster), holder ?? 'nobody any more');
}
