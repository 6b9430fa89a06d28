import type { ClusterConfig } from '../../src/domain/config.js';
import type { TreeObservation } from '../../src/domain/doctor/observation.js';
import { contendersOf } from '../../src/domain/election.js';
import { pidOfContender } from '../../src/domain/contender-body.js';
import { redactUrl } from '../../src/domain/master-url.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleName } from '../contract.js';
import { parseLock } from '../ensembles/lock.js';
import type { Ports } from '../ports.js';
import type { Door } from '../publishing/door-znode.js';
import { publisherKey } from '../publishing/publisher-key.js';
import { ownerPath } from '../publishing/owner-znode.js';
import { clientAddress } from '../reach/addresses.js';
import { doorPath, lockPath, markerPath, ownZnodes } from '../reach/marker.js';

const CONNECT_MS = 5_000;

/** Znodes of ours in an ensemble, read with every identity that this machine can resolve. Never throws. */
export async function lookAtTree(
  ports: Ports,
  config: ClusterConfig,
  ensemble: EnsembleName,
  signal: AbortSignal,
): Promise<TreeObservation> {
  try {
    const identity = await publisherKey(ports, config).catch(() => null);
    const credentials = await ports.secrets(config.credentials[ensemble]);
    const more = identity === null ? {} : { moreCredentials: [identity.identity] };
    const options = { credentials, ...more, timeoutMs: CONNECT_MS };
    const session = await ports.store.connect(config[ensemble].servers.map(clientAddress), options, signal);
    try {
      return await readTree(config, session);
    } finally {
      await session.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return { ...NOTHING, problem: redactUrl((error as Error).message) };
  }
}

const NOTHING: TreeObservation = {
  problem: null,
  lock: null,
  tookOver: [],
  marker: null,
  door: null,
  owner: null,
  ours: [],
  contenders: [],
};

async function readTree(config: ClusterConfig, session: ZnodeSession): Promise<TreeObservation> {
  const { cluster, electionPath } = config;
  const known = [lockPath(cluster), markerPath(cluster), ...ownZnodes(cluster)];
  const roots = ((await session.children('/')) ?? []).map((name) => `/${name}`);
  const lock = await session.read(lockPath(cluster));
  const [ensemble, migration] = ((await textOf(session, markerPath(cluster))) ?? '').split(' ');
  const door = await bodyOf<Door>(session, doorPath(cluster));
  const owner = await bodyOf<{ migration: string; generation: number; mode: 'publishing' | 'withdrawn' }>(
    session,
    ownerPath(cluster),
  );
  return {
    problem: null,
    lock: lock === null ? null : (parseLock(lock.data)?.migration ?? lock.data.toString('utf8')),
    tookOver: lock === null ? [] : (parseLock(lock.data)?.tookOver ?? []),
    marker: ensemble !== undefined && migration !== undefined ? { ensemble, migration } : null,
    door:
      door === null || door === 'unreadable'
        ? door
        : { migration: door.migration, generation: door.generation, closed: door.closed, found: door.found },
    // Its session is a secret and goes no further.
    owner:
      owner === null || owner === 'unreadable'
        ? owner
        : { migration: owner.migration, generation: owner.generation, mode: owner.mode },
    ours: roots.filter((path) => known.includes(path)),
    contenders: await contendersIn(session, electionPath),
  };
}

async function contendersIn(session: ZnodeSession, path: string): Promise<string[]> {
  try {
    const members = contendersOf((await session.children(path)) ?? []);
    const bodies = await Promise.all(members.map((member) => session.read(`${path}/${member.name}`)));
    return members.flatMap((member, index) => {
      const body = bodies[index];
      return body === null || body === undefined ? [] : [pidOfContender(member, body.data) ?? member.name];
    });
  } catch (error) {
    if (error instanceof ZnodeError && error.reason === 'NO_AUTH') return [];
    throw error;
  }
}

async function textOf(session: ZnodeSession, path: string): Promise<string | null> {
  return (await session.read(path))?.data.toString('utf8') ?? null;
}

async function bodyOf<T>(session: ZnodeSession, path: string): Promise<T | 'unreadable' | null> {
  try {
    const text = await textOf(session, path);
    return text === null ? null : (JSON.parse(text) as T);
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof ZnodeError && error.reason === 'NO_AUTH'))
      return 'unreadable';
    throw error;
  }
}
