/** Everything in a JSON value that has the form of a reference to a secret. */
export function referencesIn(value: unknown): string[] {
  if (typeof value === 'string') return /^(file:.+|env:[A-Za-z_]\w*)$/.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(referencesIn) : [];
}
