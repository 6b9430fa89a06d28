const INT32_MAX = 2 ** 31 - 1;

/**
 * Name of the znode whose body Mesos reads to learn who leads, null when nobody stands.
 *
 * As Mesos does it (src/zookeeper/group.cpp): the last `_` token must be an int32, the smallest number
 * leads whatever its label, and the body is looked up under `<label>_<number padded to 10 digits>`.
 */
export function lowestContender(children: readonly string[]): string | null {
  let lowest: { number: number; label: string | null } | null = null;
  for (const child of children) {
    const tokens = child.split('_').filter((token) => token !== '');
    const last = tokens.at(-1);
    if (last === undefined || !/^\d+$/.test(last)) continue;
    const number = Number(last);
    if (number > INT32_MAX || (lowest && lowest.number <= number)) continue;
    lowest = { number, label: tokens.length > 1 ? (tokens[0] ?? null) : null };
  }
  if (!lowest) return null;
  const padded = String(lowest.number).padStart(10, '0');
  return lowest.label === null ? padded : `${lowest.label}_${padded}`;
}
