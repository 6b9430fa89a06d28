import type { ClusterConfig } from '../../src/domain/config.js';
import type { Acl } from '../../src/ports/znode-store.js';

/** Permission bits of ZooKeeper (`ZooDefs.Perms`). */
export const READ = 1;
export const ALL = 31;

const ANYONE = { scheme: 'world', id: 'anyone' } as const;

/**
 * Open to read for all, so that every proof can be taken without credentials; the rest belongs to
 * the session's identity when there is one, else to everybody, as with Mesos' own znodes.
 */
export function openToRead(withCredentials: boolean): Acl[] {
  if (!withCredentials) return [{ permissions: ALL, ...ANYONE }];
  return [
    { permissions: READ, ...ANYONE },
    { permissions: ALL, scheme: 'auth', id: '' },
  ];
}

/** The ACL of a parent that is made in target: source's, and target's own identity beside it where the operator gave another one. */
export function forTarget({ credentials }: Pick<ClusterConfig, 'credentials'>, acl: readonly Acl[]): readonly Acl[] {
  const open = acl.some(({ permissions, scheme }) => scheme === 'world' && permissions === ALL);
  if (open || credentials.target === null || credentials.target === credentials.source) return acl;
  return [...acl, { permissions: ALL, scheme: 'auth', id: '' }];
}
