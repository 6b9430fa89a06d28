import { randomUUID } from 'node:crypto';
import type { ClusterConfig } from '../../src/domain/config.js';
import { LockedError } from '../../src/domain/proof-errors.js';
import { PublisherTakenError } from '../../src/domain/publishing-errors.js';
import type { EnsembleName, TakeOverActivities } from '../contract.js';
import { openToRead } from '../ensembles/acl.js';
import type { Ports } from '../ports.js';
import { changeDoor } from '../publishing/door.js';
import { atDoor } from '../publishing/door-session.js';
import { readDoor } from '../publishing/door-znode.js';
import { currentOwner, ownerBody, ownerPath } from '../publishing/owner-znode.js';
import { publisherKey } from '../publishing/publisher-key.js';
import { asPublisher } from '../publishing/publisher-session.js';
import { doorPath, markerPath, markerText } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';

type Taking = Parameters<TakeOverActivities['takeOverTrees']>[0];

/** Znodes that name their migration go over to another one; each by its version, so that nothing is lost in between. */
export function createTakeOverOfTrees(ports: Ports): Pick<TakeOverActivities, 'takeOverTrees'> {
  return {
    async takeOverTrees(step) {
      for (const ensemble of step.ensembles) {
        scope().heartbeat(`taking over what stands in ${ensemble}`);
        await takeMarker(ports, step, ensemble);
        if (step.config.strategy === 'dual-publishing') await takeDoor(ports, step, ensemble);
      }
      if (step.config.strategy === 'dual-publishing') await takeOwner(ports, step);
    },
  };
}

/** Created where there is none: doors are made under it, and observers are told apart by it. */
async function takeMarker(ports: Ports, { config, migration, from }: Taking, ensemble: EnsembleName): Promise<void> {
  const path = markerPath(config.cluster);
  const text = Buffer.from(markerText(ensemble, migration));
  await inSession(ports, sessionIn(config, ensemble), scope().signal, async (session) => {
    const acl = openToRead(config.credentials[ensemble] !== null);
    if ((await session.create(path, text, acl, 'persistent')) !== null) return;
    const held = await session.read(path);
    const now = held?.data.toString('utf8') ?? '';
    if (now === text.toString('utf8')) return;
    if (held === null || !from.some((one) => now === markerText(ensemble, one))) throw new LockedError(path, now);
    await session.setData(path, text, held.version);
  });
}

function sessionIn(config: ClusterConfig, as: EnsembleName) {
  return { config, servers: config[as].servers, as, timeoutMs: 10_000 };
}

/** Its ACLs are set once more to what it was to be, so that a step of before that comes late fails at their version. */
async function takeDoor(ports: Ports, step: Taking, ensemble: EnsembleName): Promise<void> {
  const { config, migration, generation, from } = step;
  await atDoor(ports, { config, ensemble }, async (at) => {
    const held = await readDoor(at);
    if (held === null) return;
    const { door, version } = held;
    const path = doorPath(config.cluster);
    const isTaken = from.includes(door.migration);
    if (!isTaken && door.migration !== migration) throw new LockedError(path, door.migration);
    if (isTaken) {
      await at.session.setData(path, Buffer.from(JSON.stringify({ ...door, migration, generation })), version);
    }
    // A later step of ours may have changed it since; then this one comes late itself.
    if (isTaken || door.generation <= generation) {
      await changeDoor(at, { migration, generation, closed: door.closed });
    }
  });
}

/** The publisher of before is fenced by the name; its session, and with it the mirrors, go to the next one (S18). */
async function takeOwner(ports: Ports, { config, migration, generation, from }: Taking): Promise<void> {
  const key = await publisherKey(ports, config);
  const path = ownerPath(config.cluster);
  await asPublisher(ports, config, key, async (session) => {
    const owner = await currentOwner(key, config.cluster, session);
    if (owner === null || owner.migration === migration) return;
    if (!from.includes(owner.migration)) throw new PublisherTakenError(path, owner.migration);
    const next = { ...owner, migration, generation, owner: `taken-over-${randomUUID()}` };
    await session.setData(path, ownerBody(key, next), owner.version);
  });
}
