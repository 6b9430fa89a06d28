import type { ClusterConfig } from '../../src/domain/config.js';
import { mayDelete } from '../../src/domain/digest-id.js';
import { contendersOf } from '../../src/domain/election.js';
import { epochOf } from '../../src/domain/epoch.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import { pairUp } from '../../src/domain/publishing/pairing.js';
import type { AclEnforcement, EnsembleSurvey, ServerSurvey, TreeSurvey } from '../../src/domain/survey.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleName } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { seeAclEnforcement } from '../reach/acl-enforcement.js';
import { readContenders } from '../reach/contenders.js';
import { lockPath, markerPath, ownZnodes } from '../reach/marker.js';
import { parentPaths } from '../../src/domain/election.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import type { Check } from './survey.js';

const NOBODY = { contenders: [], unmirrored: [], strangers: [] } as const;

/** An ensemble as its servers and its tree tell. */
export async function surveyEnsemble(
  ports: Ports,
  config: ClusterConfig,
  ensemble: EnsembleName,
  check: Check,
): Promise<EnsembleSurvey> {
  const { signal } = scope();
  const servers = await Promise.all(
    config[ensemble].servers.map(async (server): Promise<ServerSurvey> => {
      const address = clientAddress(server);
      const state = await check('zookeeper-server', server.name, () => ports.probe.state(address, signal));
      const zxid = state?.zxid ?? null;
      // Not allowed is answered by a rule of its own, which says what could not be seen.
      const settings = await ports.probe.settings(address, signal).catch(() => null);
      return {
        name: server.name,
        mode: state?.mode ?? 'silent',
        version: state?.version ?? null,
        epoch: zxid === null ? null : epochOf(zxid).toString(),
        settings: settings === null ? null : Object.fromEntries(settings),
      };
    }),
  );
  const request = { config, servers: config[ensemble].servers, as: ensemble, timeoutMs: 10_000 };
  const tree = await check(`${ensemble}-tree`, null, () =>
    inSession(ports, request, signal, async (session) =>
      surveyTree(config, session, await ports.secrets(config.credentials[ensemble])),
    ),
  );
  // It asks for a write that cannot be made, so it is asked only where the answer matters: the door (S3).
  const acls =
    config.strategy === 'dual-publishing'
      ? await check(`${ensemble}-acls`, null, () => enforcementIn(ports, config, ensemble))
      : null;
  return { servers, tree, acls };
}

async function enforcementIn(ports: Ports, config: ClusterConfig, ensemble: EnsembleName): Promise<AclEnforcement> {
  const options = { credentials: null, timeoutMs: 10_000 };
  const session = await ports.store.connect(config[ensemble].servers.map(clientAddress), options, scope().signal);
  try {
    return await seeAclEnforcement(session);
  } finally {
    await session.close();
  }
}

async function surveyTree(
  config: ClusterConfig,
  session: ZnodeSession,
  credentials: string | null,
): Promise<TreeSurvey> {
  const path = config.electionPath;
  const roots = (await session.children('/')) ?? [];
  const kinds = await Promise.all(
    roots
      .filter((name) => name !== 'zookeeper')
      .map(async (name) => [name, await ownerOf(session, `/${name}`)] as const),
  );
  const text = async (znode: string): Promise<string | null> =>
    (await session.read(znode))?.data.toString('utf8') ?? null;
  const common = {
    roots: kinds.filter(([, owner]) => owner === '0x0').map(([name]) => `/${name}`),
    lock: await text(lockPath(config.cluster)),
    marker: await text(markerPath(config.cluster)),
    // Their names alone: what is in them is for those who may read it.
    ours: ownZnodes(config.cluster).filter((znode) => roots.includes(znode.slice(1))),
    parents: await parentAcls(config, session),
  };
  try {
    const children = await session.children(path);
    if (children === null) return { ...common, electionPath: 'absent', ...NOBODY };
    const known = new Set([...contendersOf(children).map(({ name }) => name), 'log_replicas']);
    const contenders = await readContenders(config, session);
    return {
      ...common,
      electionPath: mayDelete((await session.acl(path)) ?? [], credentials) ? 'readable' : 'read-only',
      contenders: contenders.map(({ znode, pid, master }) => ({ znode, pid, master })),
      unmirrored: config.strategy === 'dual-publishing' ? await unmirroredIn(config, session, children) : [],
      strangers: children.filter((name) => !known.has(name)),
    };
  } catch (error) {
    if (!(error instanceof ZnodeError) || error.reason !== 'NO_AUTH') throw error;
    return { ...common, electionPath: 'refused', ...NOBODY };
  }
}

/** What is absent or may not be read is left out: the first is made, the second is told by another check. */
async function parentAcls(config: ClusterConfig, session: ZnodeSession): Promise<TreeSurvey['parents']> {
  const found = await Promise.all(
    parentPaths(config).map(async (path) => [path, await session.acl(path).catch(orNoAuth)] as const),
  );
  return Object.fromEntries(found.flatMap(([path, acl]) => (acl === null ? [] : [[path, acl] as const])));
}

function orNoAuth(error: unknown): null {
  if (error instanceof ZnodeError && error.reason === 'NO_AUTH') return null;
  throw error;
}

/** What the publisher would not mirror, by its own rules. */
async function unmirroredIn(
  { electionPath }: ClusterConfig,
  session: ZnodeSession,
  children: readonly string[],
): Promise<TreeSurvey['unmirrored']> {
  const originals = await Promise.all(
    contendersOf(children).map(async ({ name }) => {
      const path = `${electionPath}/${name}`;
      const [znode, acl] = [await session.read(path), await session.acl(path)];
      return znode === null || acl === null ? [] : [{ name, data: znode.data, acl, czxid: znode.czxid }];
    }),
  );
  return pairUp(originals.flat(), [], 'nobody').unmirrored;
}

/** An unreadable znode is taken for persistent: what cannot be seen is not waved through. */
async function ownerOf(session: ZnodeSession, path: string): Promise<string> {
  try {
    return (await session.read(path))?.ephemeralOwner ?? 'gone';
  } catch (error) {
    if (error instanceof ZnodeError && error.reason === 'NO_AUTH') return '0x0';
    throw error;
  }
}
