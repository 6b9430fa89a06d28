/** The integer that the C++ `numify<int32_t>` reads from a whole token, or null. */
function int32(token: string): number | null {
  if (!/^[+-]?\d+$/.test(token)) return null;
  const value = Number(token);
  return value >= -2147483648 && value <= 2147483647 ? value : null;
}

/**
 * Members among a group's children, by number (src/zookeeper/group.cpp `cache`): the last `_`-separated
 * token must be an int32, else the child is ignored; the first of several tokens is the label. Two
 * names with one number collide, and the later one stays.
 */
export function membersByNumber(children: readonly string[]): Map<number, string | null> {
  const members = new Map<number, string | null>();
  for (const child of children) {
    const tokens = child.split('_').filter((token) => token !== '');
    const number = int32(tokens.at(-1) ?? '');
    if (number !== null) members.set(number, tokens.length > 1 ? (tokens[0] ?? null) : null);
  }
  return members;
}

/** Name under which a member's body is looked up, which need not be the name that was counted. */
export function memberName(number: number, label: string | null): string {
  const digits = String(Math.abs(number)).padStart(10, '0');
  return `${label === null ? '' : `${label}_`}${number < 0 ? '-' : ''}${digits}`;
}
