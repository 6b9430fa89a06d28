import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { LabServer } from '../../lab/contract.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';

/** Path, data and ACL of every znode of an ensemble that these logins may read, one a line. */
export async function znodesOf(servers: readonly LabServer[], logins: readonly string[]): Promise<string> {
  const options = { credentials: null, moreCredentials: logins, timeoutMs: 10_000 };
  const addresses = servers.map(({ name, host, clientPort }) => ({ name, address: host, clientPort }));
  const session = await new ZookeeperStore().connect(addresses, options, new AbortController().signal);
  try {
    return (await below(session, '')).join('\n');
  } finally {
    await session.close();
  }
}

async function below(session: ZnodeSession, path: string): Promise<string[]> {
  const znode = await session.read(path === '' ? '/' : path);
  const acl = await session.acl(path === '' ? '/' : path);
  const names = (await session.children(path === '' ? '/' : path)) ?? [];
  const lines = [`${path} ${znode?.data.toString('latin1') ?? ''} ${JSON.stringify(acl)}`];
  for (const name of names) lines.push(...(await below(session, `${path}/${name}`)));
  return lines;
}
