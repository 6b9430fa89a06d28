import { hostname } from 'node:os';
import type { ClusterConfig } from '../../src/domain/config.js';
import { GivenUpError } from '../../src/domain/host-errors.js';
import { LockedError } from '../../src/domain/proof-errors.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleActivities, TakeOverActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { lockPath } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { openToRead } from './acl.js';

interface Lock {
  readonly migration: string;
  readonly since: string;
  readonly by: string;
  /** Migrations whose traces its holder is taking over; a later one that takes over from it needs to know them. */
  readonly tookOver?: readonly string[];
}

/** The lock znode in source: persistent, so that it outlives every worker; it names its migration. */
export function createLockActivities(
  ports: Ports,
): Pick<EnsembleActivities & TakeOverActivities, 'acquireLock' | 'releaseLock' | 'takeOverLock'> {
  return {
    async acquireLock({ config, migration }) {
      const path = lockPath(config.cluster);
      const lock: Lock = { migration, since: new Date().toISOString(), by: hostname() };
      await inSource(ports, config, async (session) => {
        const acl = openToRead(config.credentials.source !== null);
        stillOurs('locking the cluster');
        const created = await session.create(path, Buffer.from(JSON.stringify(lock)), acl, 'persistent');
        if (created !== null) return;
        const held = await session.read(path);
        // Ours from an attempt whose reply was lost, or gone in between: then the retry gets it.
        if (ownerOf(held?.data) !== migration)
          throw new LockedError(path, held?.data.toString('utf8') ?? 'nobody any more');
      });
    },

    async takeOverLock({ config, migration, from }) {
      const path = lockPath(config.cluster);
      const bodyFor = (tookOver: readonly string[]): Buffer => {
        const lock: Lock = { migration, since: new Date().toISOString(), by: hostname(), tookOver };
        return Buffer.from(JSON.stringify(lock));
      };
      return inSource(ports, config, async (session) => {
        const acl = openToRead(config.credentials.source !== null);
        stillOurs('taking the lock over');
        if ((await session.create(path, bodyFor([from]), acl, 'persistent')) !== null) return { from: [from] };
        const held = await session.read(path);
        const lock = parseLock(held?.data);
        if (lock?.migration === migration) return { from: lock.tookOver ?? [from] };
        if (held === null || lock?.migration !== from)
          throw new LockedError(path, held?.data.toString('utf8') ?? 'nobody any more');
        const all = [from, ...(lock.tookOver ?? [])];
        // Two that take over at once: the loser finds another version, looks again and is refused.
        await session.setData(path, bodyFor(all), held.version);
        return { from: all };
      });
    },

    async releaseLock({ config, migration }) {
      const path = lockPath(config.cluster);
      await inSource(ports, config, async (session) => {
        const held = await session.read(path);
        if (held === null || ownerOf(held.data) !== migration) return;
        // Sign-ins of sessions that a dead worker left behind would keep it for their timeout.
        for (const name of (await session.children(path)) ?? []) await session.remove(`${path}/${name}`);
        stillOurs('releasing the lock');
        await session.remove(path);
      });
    },
  };
}

function inSource<T>(ports: Ports, config: ClusterConfig, use: (session: ZnodeSession) => Promise<T>): Promise<T> {
  const request = { config, servers: config.source.servers, as: 'source', timeoutMs: 10_000 } as const;
  return inSession(ports, request, scope().signal, use);
}

/** An attempt that froze comes after another one, which may have been followed by the release: a new lock would be nobody's. */
function stillOurs(step: string): void {
  if (scope().givenUp()) throw new GivenUpError(null, step);
}

function ownerOf(data: Buffer | undefined): string | null {
  return parseLock(data)?.migration ?? null;
}

/** Null when it is no lock of ours. */
export function parseLock(data: Buffer | undefined): Partial<Lock> | null {
  try {
    return JSON.parse(data?.toString('utf8') ?? '') as Partial<Lock>;
  } catch {
    return null;
  }
}
