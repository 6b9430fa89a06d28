import type { ClusterConfig } from '../../src/domain/config.js';
import { parentPaths } from '../../src/domain/election.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleActivities, EnsembleName } from '../contract.js';
import type { Ports } from '../ports.js';
import { forgetDoor } from '../publishing/door.js';
import { clientAddress } from '../reach/addresses.js';
import { lockHolder, requireLock } from '../reach/lock.js';
import { createdPath, markerPath, markerText } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { forTarget, openToRead } from './acl.js';

/** Markers in both ensembles, and target's parents of the election and of the masters' log. */
export function createTreeActivities(ports: Ports): Pick<EnsembleActivities, 'prepareTrees' | 'cleanTrees'> {
  const inEnsemble = <T>(
    config: ClusterConfig,
    ensemble: EnsembleName,
    use: (session: ZnodeSession) => Promise<T>,
  ): Promise<T> => {
    const request = { config, servers: config[ensemble].servers, as: ensemble, timeoutMs: 10_000 };
    return inSession(ports, request, scope().signal, use);
  };

  return {
    async prepareTrees({ config, migration }) {
      const { heartbeat } = scope();
      const created: string[] = [];
      const marker = markerPath(config.cluster);
      const mark = async (session: ZnodeSession, ensemble: EnsembleName): Promise<void> => {
        heartbeat(`setting the marker of ${ensemble}`);
        const text = Buffer.from(markerText(ensemble, migration));
        const acl = openToRead(config.credentials[ensemble] !== null);
        if ((await session.create(marker, text, acl, 'persistent')) === null) await session.setData(marker, text);
        else created.push(`${ensemble}:${marker}`);
      };
      // Both sessions are older than the look at the lock: a worker that freezes behind it loses them.
      await inEnsemble(config, 'source', (source) =>
        inEnsemble(config, 'target', async (target) => {
          await requireLock(ports, config, migration);
          await mark(source, 'source');
          await mark(target, 'target');
          const acls = await parentAcls(config, source);
          await rememberCreated(
            config,
            target,
            acls.map(({ path }) => path),
          );
          for (const { path, acl } of acls) {
            heartbeat(`creating ${path} in target`);
            const made = await target.create(path, Buffer.alloc(0), forTarget(config, acl), 'persistent');
            if (made !== null) created.push(`target:${path}`);
          }
        }),
      );
      return { created };
    },

    async cleanTrees({ config, migration, removeParents }) {
      const residue: string[] = [];
      const holder = await lockHolder(ports, config);
      if (holder !== null && holder !== migration) return { residue };
      const marker = markerPath(config.cluster);
      for (const ensemble of ['source', 'target'] as const) {
        await inEnsemble(config, ensemble, async (session) => {
          const found = await session.read(marker);
          // One that another migration has set since is not ours to delete.
          if (found?.data.toString('utf8').endsWith(` ${migration}`) !== true) return;
          if (ensemble === 'target') {
            const alone = removeParents && (await isAlone(ports, config, session.sessionId));
            for (const path of removeParents ? (await readCreated(config, session)).reverse() : []) {
              if (alone && (await removeEmpty(session, path))) continue;
              if ((await session.read(path)) !== null)
                residue.push(`${path} in target stays, empty parents are harmless`);
            }
            await session.remove(createdPath(config.cluster));
          }
          if (config.strategy === 'dual-publishing') {
            residue.push(...(await forgetDoor(ports, { config, ensemble, migration })));
          }
          await session.remove(marker);
        });
      }
      return { residue };
    },
  };
}

/** Before they are created, so that a crash in between leaves none that nobody owns up to. */
async function rememberCreated(config: ClusterConfig, target: ZnodeSession, wanted: readonly string[]): Promise<void> {
  const known = await readCreated(config, target);
  const absent: string[] = [];
  for (const path of wanted) if ((await target.read(path)) === null) absent.push(path);
  const list = Buffer.from(wanted.filter((path) => known.includes(path) || absent.includes(path)).join('\n'));
  const acl = openToRead(config.credentials.target !== null);
  const path = createdPath(config.cluster);
  if ((await target.create(path, list, acl, 'persistent')) === null) await target.setData(path, list);
}

/** Ancestors first. */
async function readCreated({ cluster }: ClusterConfig, target: ZnodeSession): Promise<string[]> {
  const text = (await target.read(createdPath(cluster)))?.data.toString('utf8') ?? '';
  return text.split('\n').filter((path) => path !== '');
}

async function parentAcls(
  config: ClusterConfig,
  source: ZnodeSession,
): Promise<{ path: string; acl: readonly Acl[] }[]> {
  const found: { path: string; acl: readonly Acl[] }[] = [];
  for (const path of parentPaths(config)) {
    const acl = await source.acl(path);
    // Masters with another registry have no log group; its ancestors were there in the survey.
    if (acl !== null) found.push({ path, acl });
  }
  return found;
}

/** Whether target's leader knows no session but ours (S17); where that cannot be asked, it is not alone. */
async function isAlone(ports: Ports, config: ClusterConfig, ownSession: string): Promise<boolean> {
  const { signal } = scope();
  for (const server of config.target.servers.map(clientAddress)) {
    const state = await ports.probe.state(server, signal).catch(() => null);
    if (state?.mode !== 'leader' && state?.mode !== 'standalone') continue;
    const sessions = await ports.probe.sessions(server, signal).catch(() => null);
    return sessions !== null && sessions.every((session) => session === ownSession);
  }
  return false;
}

async function removeEmpty(session: ZnodeSession, path: string): Promise<boolean> {
  try {
    return await session.remove(path);
  } catch (error) {
    if (error instanceof ZnodeError && error.reason === 'NOT_EMPTY') return false;
    throw error;
  }
}
