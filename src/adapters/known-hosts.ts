import { createHash, createHmac } from 'node:crypto';

/**
 * The keys that an OpenSSH known_hosts file pins for a host: plain, hashed and wildcard entries.
 * Revoked keys are left out; certificate authorities are not followed.
 *
 * @see sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"
 */
export function pinnedKeys(knownHosts: string, address: string, port: number): Buffer[] {
  const name = port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${String(port)}`;
  const pinned = new Set<string>();
  const revoked = new Set<string>();
  for (const line of knownHosts.split('\n')) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : null;
    const [hosts = '', , key = ''] = words;
    if (key === '' || hosts.startsWith('#') || marker === '@cert-authority' || !names(hosts, name)) continue;
    (marker === '@revoked' ? revoked : pinned).add(key);
  }
  const keys = [...pinned].filter((key) => !revoked.has(key)).map((key) => Buffer.from(key, 'base64'));
  // A key begins with the length of its type and the type; anything else cannot be one.
  return keys.filter((key) => key.length > 4 && key.readUInt32BE(0) <= key.length - 4);
}

/** `SHA256:…` as ssh prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function names(hosts: string, name: string): boolean {
  const patterns = hosts.split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern);
  if (!hashed) return glob(pattern.toLowerCase()).test(name);
  const [, salt = '', hash = ''] = hashed;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function glob(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}
