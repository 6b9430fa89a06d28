import { contenderNumber, contenders, tokensOf } from './contenders.js';

/**
 * Name of the znode whose body Mesos reads to learn who leads, null when nobody stands.
 *
 * The smallest number leads whatever its label, and the body is looked up under `<label>_<number padded to 10
 * digits>` (src/zookeeper/group.cpp), which need not be the name that was counted.
 */
export function lowestContender(children: readonly string[]): string | null {
  const [lowest] = contenders(children);
  if (lowest === undefined) return null;
  const tokens = tokensOf(lowest);
  const padded = String(contenderNumber(lowest)).padStart(10, '0');
  return tokens.length > 1 ? `${tokens[0] ?? ''}_${padded}` : padded;
}
