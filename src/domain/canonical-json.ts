import { createHash } from 'node:crypto';

/** JSON with sorted keys and no space, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  // The round trip settles what JSON leaves out: undefined, toJSON, NaN.
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('there is no JSON for this value');
  return stringify(JSON.parse(text) as unknown);
}

function stringify(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stringify(item)}`).join(',')}}`;
}

/** sha256 over the canonical JSON, lower-case hex: what an approval is bound to. */
export function planHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
