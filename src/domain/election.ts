/** A child of the election path that Mesos counts as a member of the group. */
export interface ContenderName {
  /** The znode's own name, for example `json.info_0000000005`. */
  readonly name: string;
  /** The only thing members are compared by; the smallest leads. */
  readonly number: number;
  /** First token of the name, null when the name is a bare number. */
  readonly label: string | null;
  /** Under this name Mesos looks for the body; differs from `name` when that is not padded to ten digits. */
  readonly bodyName: string;
}

/**
 * Reads a child name as Mesos does (`src/zookeeper/group.cpp`): tokens between `_`, the last of them
 * an int32, the first the label when there are at least two. Null = ignored, as `log_replicas` is.
 */
export function parseContender(name: string): ContenderName | null {
  const tokens = name.split('_').filter((token) => token !== '');
  const last = tokens.at(-1) ?? '';
  if (!/^[+-]?\d+$/.test(last)) return null;
  const number = Number(last);
  if (number < -0x8000_0000 || number > 0x7fff_ffff) return null;
  const label = tokens.length > 1 ? (tokens[0] ?? null) : null;
  const padded = number < 0 ? `-${String(-number).padStart(9, '0')}` : String(number).padStart(10, '0');
  return { name, number, label, bodyName: label === null ? padded : `${label}_${padded}` };
}

/** Contenders among the children of the election path, in the order of succession. */
export function contendersOf(children: readonly string[]): ContenderName[] {
  return children
    .map(parseContender)
    .filter((contender) => contender !== null)
    .sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
}

/** Contenders that share a number: Mesos keeps only one of them, which one is not defined. */
export function collisionsOf(contenders: readonly ContenderName[]): ContenderName[] {
  return contenders.filter((one) => contenders.some((other) => other !== one && other.number === one.number));
}

/**
 * Number that the next sequential create under a znode gets, from the znode's `Stat`. Servers report
 * cversion as 2·creates − children (ZooKeeper `DataNode.copyStat`).
 */
export function nextSequence({ cversion, numChildren }: { cversion: number; numChildren: number }): number {
  return (cversion + numChildren) / 2;
}

/** The election path's ancestors, itself and the masters' log group: `/a`, `/a/mesos`, `/a/mesos/log_replicas`. */
export function parentPaths({ electionPath }: { readonly electionPath: string }): string[] {
  const names = electionPath.split('/').slice(1);
  return [...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`), `${electionPath}/log_replicas`];
}
