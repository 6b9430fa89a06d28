import type { ClusterConfig, MasterConfig } from '../../src/domain/config.js';
import { endpointOfPid, pidOfContender } from '../../src/domain/contender-body.js';
import { contendersOf } from '../../src/domain/election.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { Contender } from '../contract.js';
import { ipsOf } from './addresses.js';

/** Contenders in the order of succession, each with the configured master it belongs to and its log replicas. */
export async function readContenders(config: ClusterConfig, session: ZnodeSession): Promise<Contender[]> {
  const path = config.electionPath;
  const names = contendersOf((await session.children(path)) ?? []);
  const replicas = await readReplicas(session, path);
  const contenders: Contender[] = [];
  for (const name of names) {
    const znode = await session.read(`${path}/${name.name}`);
    if (znode === null) continue;
    const pid = pidOfContender(name, znode.data);
    const endpoint = pid === null ? null : endpointOfPid(pid);
    contenders.push({
      znode: `${path}/${name.name}`,
      pid: pid ?? '',
      master: (pid === null ? null : await masterAt(config, pid))?.name ?? null,
      replicas:
        endpoint === null ? [] : replicas.filter(({ ip, port }) => sameEnd(endpoint, { ip, port })).map((r) => r.znode),
    });
  }
  return contenders;
}

async function readReplicas(
  session: ZnodeSession,
  path: string,
): Promise<{ readonly znode: string; readonly ip: string; readonly port: number }[]> {
  const group = `${path}/log_replicas`;
  const names = contendersOf((await session.children(group)) ?? []);
  const found = await Promise.all(
    names.map(async ({ name }) => {
      const znode = await session.read(`${group}/${name}`);
      const endpoint = znode === null ? null : endpointOfPid(znode.data.toString('utf8'));
      return endpoint === null ? [] : [{ znode: `${group}/${name}`, ...endpoint }];
    }),
  );
  return found.flat();
}

function sameEnd(a: { ip: string; port: number }, b: { ip: string; port: number }): boolean {
  return a.ip === b.ip && a.port === b.port;
}

/** The configured master at the address of a UPID; null when there is none. */
export async function masterAt(config: ClusterConfig, pid: string): Promise<MasterConfig | null> {
  const endpoint = endpointOfPid(pid);
  if (endpoint === null) return null;
  for (const master of config.masters) {
    if (master.httpPort === endpoint.port && (await ipsOf(master.address)).includes(endpoint.ip)) return master;
  }
  return null;
}

export function masterNamed(config: ClusterConfig, name: string): MasterConfig | undefined {
  return config.masters.find((master) => master.name === name);
}
