import type { ClusterConfig } from '../../src/domain/config.js';
import { parentPaths } from '../../src/domain/election.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleActivities, EnsembleName } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { markerPath, markerText } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { ALL, openToRead } from './acl.js';

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
      for (const ensemble of ['source', 'target'] as const) {
        heartbeat(`setting the marker of ${ensemble}`);
        const text = Buffer.from(markerText(ensemble, migration));
        await inEnsemble(config, ensemble, async (session) => {
          const acl = openToRead(config.credentials[ensemble] !== null);
          if ((await session.create(marker, text, acl, 'persistent')) === null) await session.setData(marker, text);
          else created.push(`${ensemble}:${marker}`);
        });
      }
      const acls = await inEnsemble(config, 'source', (session) => parentAcls(config, session));
      await inEnsemble(config, 'target', async (session) => {
        for (const { path, acl } of acls) {
          heartbeat(`creating ${path} in target`);
          const made = await session.create(path, Buffer.alloc(0), forTarget(config, acl), 'persistent');
          if (made !== null) created.push(`target:${path}`);
        }
      });
      return { created };
    },

    async cleanTrees({ config, migration, removeParents }) {
      const residue: string[] = [];
      const marker = markerPath(config.cluster);
      for (const ensemble of ['source', 'target'] as const) {
        await inEnsemble(config, ensemble, async (session) => {
          const found = await session.read(marker);
          // One that another migration has set since is not ours to delete.
          if (found?.data.toString('utf8').endsWith(` ${migration}`) === true) await session.remove(marker);
        });
      }
      if (removeParents) {
        await inEnsemble(config, 'target', async (session) => {
          const paths = parentPaths(config).reverse();
          const alone = await isAlone(ports, config, session.sessionId);
          for (const path of paths) {
            if (!alone || !(await removeEmpty(session, path))) {
              if ((await session.read(path)) !== null)
                residue.push(`${path} in target stays, empty parents are harmless`);
            }
          }
        });
      }
      return { residue };
    },
  };
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

/** Source's ACL, and target's own identity beside it where the operator gave another one. */
function forTarget({ credentials }: ClusterConfig, acl: readonly Acl[]): readonly Acl[] {
  const open = acl.some(({ permissions, scheme }) => scheme === 'world' && permissions === ALL);
  if (open || credentials.target === null || credentials.target === credentials.source) return acl;
  return [...acl, { permissions: ALL, scheme: 'auth', id: '' }];
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
