import { FencedError } from '../../src/domain/host-errors.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { AclEntry } from '../../src/domain/publishing/door-acl.js';
import type { Acl } from '../../src/ports/znode-store.js';
import { ALL } from '../ensembles/acl.js';
import { doorPath, markerPath, markerText } from '../reach/marker.js';
import { type AtDoor, doorParents } from './door-session.js';

/**
 * What is remembered of a door in its own ensemble, written before the first ACL is touched, so that a
 * crash at any point can be undone; its generation fences changes that come late (S2).
 */
export interface Door {
  readonly schemaVersion: 1;
  readonly migration: string;
  readonly generation: number;
  /** What it is to be; a crash may have come before the ACLs were. */
  readonly closed: boolean;
  /** Each parent's ACL as it was before the first change. */
  readonly found: readonly { readonly path: string; readonly acl: readonly AclEntry[] }[];
}

export type DoorWish = Pick<Door, 'migration' | 'generation' | 'closed'>;

/** Generation of a door that is open for good: above every step, so that all that come late are fenced. */
export const RETIRED = Number.MAX_SAFE_INTEGER;

/** Only who logs in as we do may rewrite it: the publisher's identity is always one of ours. */
const OURS: readonly Acl[] = [{ permissions: ALL, scheme: 'auth', id: '' }];
/** Each round lost means that another step has written in between. */
const ROUNDS = 10;

export async function readDoor({ session, config }: AtDoor): Promise<{ door: Door; version: number } | null> {
  const znode = await session.read(doorPath(config.cluster));
  if (znode === null) return null;
  return { door: JSON.parse(znode.data.toString('utf8')) as Door, version: znode.version };
}

/**
 * Writes what the door is to be, and the ACLs found where none was remembered.
 * @throws FencedError when a later step, or another migration, has written before.
 */
export async function wishDoor(at: AtDoor, wish: DoorWish): Promise<Door> {
  const { session, config } = at;
  const path = doorPath(config.cluster);
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await readDoor(at);
    if (before !== null) fence(at, before.door, wish);
    const door: Door = { schemaVersion: 1, ...wish, found: await foundAcls(at, before?.door.found ?? []) };
    const data = Buffer.from(JSON.stringify(door));
    // Written once more after its creation: at version 0 no transaction can check it.
    if (before === null) await createUnderMarker(at, path, data, wish);
    else if (await wrote(session.setData(path, data, before.version))) return door;
  }
  throw new ZnodeError('write', path, 'OPERATION_TIMEOUT');
}

/**
 * Only while the migration's marker stands in the ensemble: once that has ended, no door is left to
 * fence a step that comes late, which would keep masters out for ever.
 *
 * @throws FencedError
 */
async function createUnderMarker(at: AtDoor, path: string, data: Buffer, { migration }: DoorWish): Promise<void> {
  const { session, config, ensemble } = at;
  const marker = markerPath(config.cluster);
  try {
    const found = await session.read(marker);
    if (found?.data.toString('utf8') === markerText(ensemble, migration)) {
      const create = { do: 'create', path, data, acl: OURS, kind: 'persistent' } as const;
      return await session.commit([{ do: 'check', path: marker }, create]);
    }
  } catch (error) {
    if (!(error instanceof ZnodeError)) throw error;
    // Another step's, or from a try whose reply was lost.
    if (error.reason === 'NODE_EXISTS') return;
    if (error.reason !== 'NO_NODE') throw error;
  }
  throw new FencedError(ensemble, 'the change of the door', `migration ${migration} has ended`);
}

/** @throws FencedError */
export function fence({ ensemble }: AtDoor, found: Door, { migration, generation }: DoorWish): void {
  if (found.migration !== migration) {
    throw new FencedError(ensemble, 'the change of the door', `it belongs to migration ${found.migration}`);
  }
  if (found.generation > generation) {
    const reason = `generation ${String(generation)} is older than ${String(found.generation)}`;
    throw new FencedError(ensemble, 'the change of the door', reason);
  }
}

/** A parent that came into being after the first change is remembered as it is now. */
async function foundAcls({ session, config }: AtDoor, known: Door['found']): Promise<Door['found']> {
  const found = [...known];
  for (const path of doorParents(config)) {
    if (found.some((one) => one.path === path)) continue;
    const acl = await session.acl(path);
    if (acl !== null) found.push({ path, acl });
  }
  return found;
}

/** @returns false when another version was there. */
export async function wrote(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ZnodeError && error.reason === 'BAD_VERSION') return false;
    throw error;
  }
}
