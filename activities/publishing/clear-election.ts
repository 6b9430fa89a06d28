import { setTimeout as delay } from 'node:timers/promises';
import { pidOfContender } from '../../src/domain/contender-body.js';
import { DoorOpenError, ForeignContenderError } from '../../src/domain/door-errors.js';
import { contendersOf } from '../../src/domain/election.js';
import { FencedError } from '../../src/domain/host-errors.js';
import { NotProvedError, ZnodeError } from '../../src/domain/proof-errors.js';
import { isClosed } from '../../src/domain/publishing/door-acl.js';
import type { PublishingActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { masterAt } from '../reach/contenders.js';
import { doorPath } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { atDoor, type AtDoor, doorParents } from './door-session.js';
import { readDoor } from './door-znode.js';
import { readOwner, sessionOf } from './owner-znode.js';

/** Looks in a row that find nobody: a create that the ensemble's leader took in before the door closed may land late. */
const EMPTY_LOOKS = 2;
const LOOK_EVERY_MS = 100;
const PATIENCE_MS = 10_000;

interface Member {
  readonly znode: string;
  /** Null when its body names no process. */
  readonly pid: string | null;
  readonly owner: string;
}

export function createElectionClearing(ports: Ports): Pick<PublishingActivities, 'clearElection'> {
  return {
    clearElection({ config, ensemble, migration }) {
      const { heartbeat } = scope();
      heartbeat(`removing what stopped masters left in ${ensemble}`);
      return atDoor(ports, { config, ensemble }, async (at) => {
        const version = await closedAt(at, migration);
        await provesClosed(at);
        const removed: string[] = [];
        const until = Date.now() + PATIENCE_MS;
        for (let empty = 0; empty < EMPTY_LOOKS;) {
          const members = await membersOf(ports, at);
          await refuseForeign(at, members);
          removed.push(...(await removeBehindDoor(at, members, version)));
          empty = members.length === 0 ? empty + 1 : 0;
          if (empty < EMPTY_LOOKS) await delay(LOOK_EVERY_MS, undefined, { signal: scope().signal });
          if (empty === 0 && Date.now() > until) {
            const seen = members.map(({ znode }) => znode).join(', ');
            throw new NotProvedError(null, `nobody stands in ${ensemble}`, `${seen} came back`);
          }
        }
        await provesClosed(at);
        return { removed };
      });
    },
  };
}

/** Version of the znode that says that the door is to be closed. @throws DoorOpenError */
async function closedAt(at: AtDoor, migration: string): Promise<number> {
  const found = await readDoor(at);
  if (found === null || !found.door.closed || found.door.migration !== migration) {
    throw new DoorOpenError(at.ensemble, at.config.electionPath);
  }
  return found.version;
}

/**
 * Removes them only while nothing has been said of the door since: a step that comes late, when
 * masters stand there again, removes nobody.
 */
async function removeBehindDoor(
  { session, config, ensemble }: AtDoor,
  members: readonly Member[],
  version: number,
): Promise<string[]> {
  const path = doorPath(config.cluster);
  const removals = members.map(({ znode }) => ({ do: 'remove', path: znode }) as const);
  if (removals.length === 0) return [];
  try {
    await session.commit([{ do: 'check', path, version }, ...removals]);
    return members.map(({ znode }) => znode);
  } catch (error) {
    if (!(error instanceof ZnodeError)) throw error;
    if (error.path === path) throw new FencedError(ensemble, 'clearing the election', 'the door was changed since');
    // One has expired by itself in between: the next look shows who is left.
    if (error.reason === 'NO_NODE') return [];
    throw error;
  }
}

/** @throws DoorOpenError */
async function provesClosed({ session, config, ensemble, publisher }: AtDoor): Promise<void> {
  for (const path of doorParents(config)) {
    const acl = await session.acl(path);
    // Without a group of the log there is none to close.
    if (acl !== null && !isClosed(acl, publisher)) throw new DoorOpenError(ensemble, path);
  }
}

/**
 * Contenders and log replicas, as the ensemble's leader knows them by now; without mirrors, which are
 * withdrawn: when this comes late they stand again.
 */
async function membersOf(ports: Ports, { session, config, ensemble }: AtDoor): Promise<Member[]> {
  const [election, log] = doorParents(config);
  // A lone check is answered by a quorum, so the server of this session has caught up with the leader.
  await session.commit([{ do: 'check', path: election }]);
  const standing = async (parent: string): Promise<Member[]> => {
    const members = contendersOf((await session.children(parent)) ?? []).map(async (member) => {
      const znode = `${parent}/${member.name}`;
      const found = await session.read(znode);
      if (found === null) return [];
      const pid = parent === election ? pidOfContender(member, found.data) : found.data.toString('utf8');
      return [{ znode, pid, owner: found.ephemeralOwner }];
    });
    return (await Promise.all(members)).flat();
  };
  const found = [...(await standing(election)), ...(await standing(log))];
  if (ensemble === 'source') return found;
  // Read after them: a session stands there before its first mirror does.
  const publisher = sessionOf(await readOwner(ports, config, session));
  return found.filter(({ owner }) => owner !== publisher);
}

/** @throws ForeignContenderError: whose process is not known cannot have been proved dead. */
async function refuseForeign({ config, ensemble }: AtDoor, members: readonly Member[]): Promise<void> {
  const foreign: Member[] = [];
  for (const member of members) {
    if (member.pid === null || (await masterAt(config, member.pid)) === null) foreign.push(member);
  }
  if (foreign.length === 0) return;
  throw new ForeignContenderError(
    ensemble,
    foreign.map(({ znode, pid }) => `${znode} (${pid ?? 'no process named'})`),
  );
}
