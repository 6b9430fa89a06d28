import type { ClusterConfig } from '../../src/domain/config.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import { openToRead } from '../ensembles/acl.js';
import { lockPath } from './marker.js';

/**
 * Marks a long-lived session with source as ours, so that the straggler check can tell it from a
 * Mesos client (S9): an ephemeral child of the lock znode, which goes with the session.
 *
 * @param name unique among the sessions of one migration, never ending in `_<number>`.
 * @throws ZnodeError with NO_NODE when nobody holds the lock.
 */
export async function signIn(session: ZnodeSession, config: ClusterConfig, name: string): Promise<void> {
  const path = `${lockPath(config.cluster)}/${name}`;
  const acl = openToRead(config.credentials.source !== null);
  if ((await session.create(path, Buffer.alloc(0), acl, 'ephemeral')) !== null) return;
  // Ours from an attempt whose reply was lost, or from before the session was resumed.
  const found = await session.read(path);
  if (found?.ephemeralOwner !== session.sessionId) throw new ZnodeError('sign in at', path, 'NODE_EXISTS');
}

/** Ids (`0x…`) of all sessions with source that have signed in; not for logs, an id is half a session's key. */
export async function ownSessions(session: ZnodeSession, config: ClusterConfig): Promise<Set<string>> {
  const path = lockPath(config.cluster);
  const names = (await session.children(path)) ?? [];
  const znodes = await Promise.all(names.map((name) => session.read(`${path}/${name}`)));
  return new Set(znodes.flatMap((znode) => (znode === null ? [] : [znode.ephemeralOwner])));
}
