import { DeadlineError, FencedError } from '../../src/domain/host-errors.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import { closedAcl, sameAcl } from '../../src/domain/publishing/door-acl.js';
import type { EnsembleName, PublishingActivities, PublishingScope } from '../contract.js';
import type { Ports } from '../ports.js';
import { doorPath, markerPath } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { atDoor, type AtDoor } from './door-session.js';
import { type Door, type DoorWish, fence, readDoor, RETIRED, wishDoor, wrote } from './door-znode.js';

type DoorActivities = Pick<PublishingActivities, 'closeDoor' | 'openDoor' | 'removeDoor'>;

/** Each round lost means that another step has changed the ACL in between. */
const ROUNDS = 10;

/** CREATE on an ensemble's election and `log_replicas` parents (S3): who may stand there. */
export function createDoorActivities(ports: Ports): DoorActivities {
  return {
    closeDoor({ config, ensemble, migration, generation }) {
      scope().heartbeat(`closing the door of ${ensemble}`);
      return atDoor(ports, { config, ensemble }, (at) => changeDoor(at, { migration, generation, closed: true }));
    },

    openDoor({ config, ensemble, migration, generation, deadline = null }) {
      const { heartbeat, now } = scope();
      heartbeat(`opening the door of ${ensemble}`);
      return atDoor(ports, { config, ensemble }, (at) => {
        // A session may have taken its time.
        if (deadline !== null && now() >= deadline) throw new DeadlineError(ensemble, 'opening the door');
        return changeDoor(at, { migration, generation, closed: false });
      });
    },

    removeDoor({ config, ensemble, migration }) {
      scope().heartbeat(`leaving ${ensemble} as it was found`);
      return atDoor(ports, { config, ensemble }, async (at) => {
        try {
          await changeDoor(at, { migration, generation: RETIRED, closed: false });
        } catch (error) {
          // The migration has ended, or it is another one's and not ours to touch; its residue is reported.
          if (!(error instanceof FencedError)) throw error;
        }
      });
    },
  };
}

/**
 * Removes what remembers the door together with the migration's marker, so that at no instant a late
 * step finds neither the one that fences it nor the lack of the other.
 *
 * @returns residue: a door that was not opened for good is left as it is, under no marker.
 */
export function forgetDoor(
  ports: Ports,
  { config, ensemble, migration }: PublishingScope & { readonly ensemble: EnsembleName },
): Promise<readonly string[]> {
  return atDoor(ports, { config, ensemble }, async (at) => {
    const path = doorPath(config.cluster);
    const found = await readDoor(at);
    if (found === null) return [];
    if (found.door.migration !== migration || found.door.generation !== RETIRED)
      return [`${path} in ${ensemble} stays`];
    const marker = markerPath(config.cluster);
    await at.session.commit([
      { do: 'remove', path, version: found.version },
      { do: 'remove', path: marker },
    ]);
    return [];
  });
}

export async function changeDoor(at: AtDoor, wish: DoorWish): Promise<{ changed: boolean }> {
  const { found } = await wishDoor(at, wish);
  let changed = false;
  // A master stands before it joins the log: closed in this order, opened in the other.
  for (const parent of wish.closed ? found : [...found].reverse()) {
    if (await setParent(at, wish, parent)) changed = true;
  }
  return { changed };
}

/**
 * Sets the ACL of one parent, also when it is right already: that raises the version of the ACL, at
 * which a step of an earlier generation fails that has passed the fence and comes late. Servers
 * cannot set an ACL in a transaction, so the order makes it sound: this reads the version of the ACL
 * first and the door after it, while a later step writes the door first and the ACL after it.
 *
 * @returns whether it was another one before; a parent that is gone needs none.
 */
async function setParent(at: AtDoor, wish: DoorWish, { path, acl }: Door['found'][number]): Promise<boolean> {
  const { session, publisher } = at;
  const wanted = wish.closed ? closedAcl(acl, publisher) : acl;
  for (let round = 0; round < ROUNDS; round += 1) {
    const znode = await session.read(path);
    const before = await session.acl(path);
    if (znode === null || before === null) return false;
    await stillWished(at, wish);
    if (await wrote(session.setAcl(path, wanted, znode.aclVersion))) return !sameAcl(before, wanted);
  }
  throw new ZnodeError('set the ACL of', path, 'OPERATION_TIMEOUT');
}

/** @throws FencedError */
async function stillWished(at: AtDoor, wish: DoorWish): Promise<void> {
  const now = await readDoor(at);
  if (now === null) throw new FencedError(at.ensemble, 'the change of the door', 'what remembers it was removed');
  fence(at, now.door, wish);
}
