import { collisionsOf, contendersOf } from '../election.js';

/** A child of source's election path. */
export interface Original {
  readonly name: string;
  readonly data: Buffer;
  readonly acl: readonly { readonly permissions: number; readonly scheme: string; readonly id: string }[];
  readonly czxid: bigint;
}

/** A child of target's election path. */
export interface Standing {
  readonly name: string;
  readonly data: Buffer;
  /** Session that owns it. */
  readonly owner: string;
}

/** What makes target's mirrors those of source; applied in one transaction, deletions first. */
export interface Pairing {
  readonly remove: readonly string[];
  /** Ascending, so that no moment shows a standby before the leader. */
  readonly create: readonly Original[];
  /** Contenders of source that have no mirror and get none, each with the reason. */
  readonly unmirrored: readonly { readonly name: string; readonly why: string }[];
}

/**
 * Compares the contenders of source with the mirrors in target.
 *
 * Only what Mesos itself would have written is mirrored, since one bad child under the election path
 * ends every process that sees it (M 0.7). Nothing is mirrored behind a contender that is not: the
 * lowest in target would then be another than source's leader, and none is better than a wrong one.
 *
 * @param publisher session whose znodes are the mirrors; others are never touched.
 */
export function pairUp(originals: readonly Original[], standing: readonly Standing[], publisher: string): Pairing {
  const contenders = contendersOf(originals.map(({ name }) => name));
  const collisions = new Set(collisionsOf(contenders).map(({ name }) => name));
  const byName = new Map(standing.map((one) => [one.name, one]));
  const wanted = new Map<string, Original>();
  const unmirrored: { name: string; why: string }[] = [];
  for (const { name } of contenders) {
    const original = originals.find((one) => one.name === name);
    if (!original) continue;
    const [before] = unmirrored;
    const why = before
      ? `it stands behind ${before.name}`
      : collisions.has(name)
        ? 'another contender has its number'
        : (reasonAgainst(original) ?? occupied(byName.get(name), publisher));
    if (why === null) wanted.set(name, original);
    else unmirrored.push({ name, why });
  }
  const isRight = ({ name, data }: Standing): boolean => wanted.get(name)?.data.equals(data) === true;
  return {
    remove: standing.filter((one) => one.owner === publisher && !isRight(one)).map(({ name }) => name),
    // One whose body is wrong goes first, and comes back in the next round.
    create: [...wanted.values()].filter(({ name }) => !byName.has(name)),
    unmirrored,
  };
}

/** Why a contender is none that a Mesos master ≥ 0.24 has written (M 1.2, M 1.3), or null. */
export function reasonAgainst({ name, data, acl }: Original): string | null {
  if (!/^json\.info_\d{10}$/.test(name)) return 'it is not named as Mesos names one';
  if (!isMasterInfo(data)) return 'its body is no MasterInfo with id, ip and port';
  // Servers show `user:x` to whoever may not change the ACL.
  const masked = acl.some(({ scheme, id }) => scheme === 'digest' && id.endsWith(':x'));
  return masked ? "its ACL is hidden from us: credentials.source must be the masters' own" : null;
}

function occupied(found: Standing | undefined, publisher: string): string | null {
  return found === undefined || found.owner === publisher ? null : 'its place in target is taken by another session';
}

function isMasterInfo(data: Buffer): boolean {
  try {
    const { id, ip, port } = JSON.parse(data.toString('utf8')) as Record<string, unknown>;
    return typeof id === 'string' && Number.isInteger(ip) && Number.isInteger(port);
  } catch {
    return false;
  }
}
