import { readFileSync } from 'node:fs';

/**
 * Credentials file of Mesos' basic authenticator: JSON `{"credentials":[{"principal","secret"}]}` or
 * lines of `principal secret` (docs/authentication.md).
 *
 * @throws Error when the file cannot be read.
 */
export function readCredentials(path: string | null): Map<string, string> {
  if (path === null) return new Map();
  const text = readFileSync(path.replace(/^file:\/\//, ''), 'utf8');
  if (text.trimStart().startsWith('{')) {
    const parsed = JSON.parse(text) as { credentials: { principal: string; secret: string }[] };
    return new Map(parsed.credentials.map(({ principal, secret }) => [principal, secret]));
  }
  const pairs = text.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(pairs.flatMap(([principal, secret]) => (principal && secret ? [[principal, secret] as const] : [])));
}
