import { createHash, createHmac } from 'node:crypto';

/** A host's entries in an OpenSSH known_hosts file, plain or hashed. */
export function pinnedKeys(knownHosts: string, address: string, port: number): Buffer[] {
  const names = port === 22 ? [address, `[${address}]:22`] : [`[${address}]:${String(port)}`];
  const keys: Buffer[] = [];
  for (const line of knownHosts.split('\n')) {
    const words = line.trim().split(/\s+/);
    // `@revoked` and `@cert-authority` lines pin nothing here.
    if (words.length < 3 || words[0]?.startsWith('#') === true || words[0]?.startsWith('@') === true) continue;
    const [hosts = '', , key = ''] = words;
    if (hosts.split(',').some((pattern) => names.some((name) => matches(pattern, name)))) {
      keys.push(Buffer.from(key, 'base64'));
    }
  }
  return keys;
}

/** `SHA256:…` as ssh prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function matches(pattern: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(pattern);
  if (!hashed) return pattern === name;
  const [, salt = '', hash = ''] = hashed;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}
