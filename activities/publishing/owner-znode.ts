import type { ClusterConfig } from '../../src/domain/config.js';
import { digestId } from '../../src/domain/digest-id.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import { PublisherKeyError } from '../../src/domain/publishing-errors.js';
import type { Acl, SessionKey, ZnodeSession } from '../../src/ports/znode-store.js';
import { ALL } from '../ensembles/acl.js';
import type { Ports } from '../ports.js';
import { publisherKey, type PublisherKey } from './publisher-key.js';

/**
 * The publisher's state in target (S18): who publishes, whether, and in which session. Its version is
 * the fence: every change of a mirror checks it, and whoever takes over raises it first.
 */
export interface Owner {
  /** From 1 on; at 0 it would fence nothing. */
  readonly version: number;
  readonly migration: string;
  /** Token of the attempt that publishes; null before the first. */
  readonly owner: string | null;
  readonly mode: PublisherMode;
  /** Of the step that set the mode last; an older one is refused (S2). */
  readonly generation: number;
  /** The session that holds the mirrors; null before the first. */
  readonly session: SessionKey | null;
}

export type PublisherMode = 'publishing' | 'withdrawn';

interface Body {
  readonly schemaVersion: 1;
  readonly migration: string;
  readonly owner: string | null;
  readonly mode: PublisherMode;
  readonly generation: number;
  readonly session: string | null;
}

/** Outside the election path and never ending in `_<number>`. */
export function ownerPath(cluster: string): string {
  return `/zkferry-publisher-${cluster}`;
}

/** The publisher's identity and nobody else: the znode bears a secret. */
export function ownerAcl({ identity }: PublisherKey): readonly Acl[] {
  return [{ permissions: ALL, scheme: 'digest', id: digestId(identity) }];
}

/**
 * @param session one that has the publisher's identity.
 * @throws PublisherKeyError when this worker has another key than the one that wrote it.
 */
export async function readOwner(
  ports: Pick<Ports, 'secrets'>,
  config: ClusterConfig,
  session: ZnodeSession,
): Promise<Owner | null> {
  return readOwnerWith(await publisherKey(ports, config), config.cluster, session);
}

export async function readOwnerWith(
  key: PublisherKey,
  cluster: string,
  session: Pick<ZnodeSession, 'read'>,
): Promise<Owner | null> {
  const znode = await session.read(ownerPath(cluster));
  if (znode === null) return null;
  const body = parse(znode.data);
  return {
    version: znode.version,
    migration: body.migration,
    owner: body.owner,
    mode: body.mode,
    generation: body.generation,
    session: body.session === null ? null : key.unseal(body.session, body.migration),
  };
}

/** The same, current whatever server the session is at. */
export async function currentOwner(key: PublisherKey, cluster: string, session: ZnodeSession): Promise<Owner | null> {
  try {
    // A lone check goes through the leader; what is read after it is not older.
    await session.commit([{ do: 'check', path: ownerPath(cluster) }]);
  } catch (error) {
    if (error instanceof ZnodeError && error.reason === 'NO_NODE') return null;
    throw error;
  }
  return readOwnerWith(key, cluster, session);
}

/** The session of the mirrors as `ephemeralOwner` names it. */
export function sessionOf(owner: Owner | null): string | null {
  return owner?.session ? `0x${BigInt(`0x${owner.session.id}`).toString(16)}` : null;
}

export function ownerBody(key: PublisherKey, state: Omit<Owner, 'version'>): Buffer {
  const { migration, owner, mode, generation, session } = state;
  const sealed = session === null ? null : key.seal(session, migration);
  const body: Body = { schemaVersion: 1, migration, owner, mode, generation, session: sealed };
  return Buffer.from(JSON.stringify(body));
}

function parse(data: Buffer): Body {
  try {
    const body = JSON.parse(data.toString('utf8')) as Body;
    if (body.schemaVersion === 1) return body;
  } catch {
    // The same as a version that is not ours.
  }
  throw new PublisherKeyError('the owner znode was written by another version of zkferry');
}
