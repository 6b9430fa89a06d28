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
