import { createHash } from 'node:crypto';

/**
 * ZooKeeper's digest id of `user:password`, as it stands in an ACL: `user:base64(sha1(user:password))`
 * (`DigestAuthenticationProvider.generateDigest`). Servers ≥ 3.7 may be set to another algorithm;
 * preflight proves that ACLs are enforced as written.
 */
export function digestId(credentials: string): string {
  const hash = createHash('sha1').update(credentials).digest('base64');
  return `${credentials.slice(0, credentials.indexOf(':'))}:${hash}`;
}

const DELETE = 8;
const ADMIN = 16;
/** Of a SHA-1, in base64. */
const HASH_LENGTH = 28;

/**
 * Whether children may be deleted by this `user:password`, as far as an ACL tells: false only when it grants
 * that to nobody, or only to digests that are surely another's. A server shows `x` for the hash to whoever has
 * no ADMIN there (`ZooKeeperServer`/`FinalRequestProcessor`, ≥ 3.5), so that none of those is ours.
 */
export function mayDelete(
  acl: readonly { readonly permissions: number; readonly scheme: string; readonly id: string }[],
  credentials: string | null,
): boolean {
  // Which no ACL names and none stops (`DigestAuthenticationProvider.superDigest`).
  if (credentials?.startsWith('super:') === true) return true;
  const own = credentials === null ? null : digestId(credentials);
  return acl.some(({ permissions, scheme, id }) => {
    if ((permissions & DELETE) === 0) return false;
    if (scheme !== 'digest' || id === own) return true;
    const hash = id.slice(id.indexOf(':') + 1);
    const isSurelyOthers = hash === 'x' ? (permissions & ADMIN) !== 0 : hash.length === HASH_LENGTH;
    return !isSurelyOthers;
  });
}
