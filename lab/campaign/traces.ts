import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { LabServer } from '../contract.js';
import type { Lab } from '../lab.js';

/** What stands on hosts and in ensembles: place → a digest of what is there. */
export type Traces = ReadonlyMap<string, string>;

/** Folders of a host in which a migration could leave something. */
const WATCHED = ['etc', 'var/lib', 'usr', 'run/systemd/system', 'root'];

/** What changes by itself: the data of servers, agents and schedulers, and what ZooKeeper rewrites of its own. */
const OWN_LIFE = /^var\/lib\/(mesos|lab-framework|zookeeper)\/|^etc\/zookeeper\/conf\/zoo\.cfg\.dynamic/;
/** An observer is wholly ours: before it there is no data, and after a rollback there is none again. */
const OURS = /\/observer\d+$/;

/** Looks at every host's files and at both ensembles' persistent znodes. */
export async function traces(lab: Lab, login: string | null): Promise<Traces> {
  const found = new Map<string, string>();
  for (const { name, root } of lab.hosts.values()) {
    for (const folder of WATCHED) lookAt(root, folder, (path, digest) => found.set(`${name}:/${path}`, digest));
  }
  for (const ensemble of ['source', 'target'] as const) {
    for (const [path, digest] of await znodes(lab.json[ensemble], login)) found.set(`${ensemble}:${path}`, digest);
  }
  return found;
}

/** What is there now and was not, is gone, or differs; sorted. */
export function differences(before: Traces, after: Traces): string[] {
  const places = [...new Set([...before.keys(), ...after.keys()])].sort();
  return places.flatMap((place) => {
    const [was, is] = [before.get(place), after.get(place)];
    if (was === is) return [];
    if (was === undefined) return [`${place} is new (${is ?? ''})`];
    return [is === undefined ? `${place} is gone` : `${place} changed from ${was} to ${is}`];
  });
}

function lookAt(root: string, path: string, tell: (path: string, digest: string) => void): void {
  const full = join(root, path);
  const stat = lstatSync(full, { throwIfNoEntry: false });
  if (stat === undefined || (OWN_LIFE.test(path) && !OURS.test(root))) return;
  if (stat.isDirectory()) {
    if (path.includes('zkferry')) tell(`${path}/`, 'folder');
    for (const name of readdirSync(full).sort()) lookAt(root, `${path}/${name}`, tell);
  } else if (stat.isSymbolicLink()) tell(path, `link to ${readlinkSync(full)}`);
  else if (stat.isFile()) tell(path, `${digestOf(readFileSync(full))} ${(stat.mode & 0o777).toString(8)}`);
}

/** Every persistent znode: its data and ACL. */
async function znodes(servers: readonly LabServer[], login: string | null): Promise<Map<string, string>> {
  const places = servers.map(({ name, host, clientPort }) => ({ name, address: host, clientPort }));
  const options = { credentials: login, timeoutMs: 20_000 };
  const session = await new ZookeeperStore().connect(places, options, AbortSignal.timeout(60_000));
  try {
    const found = new Map<string, string>();
    await walk(session, '/', found);
    return found;
  } finally {
    await session.close();
  }
}

async function walk(session: ZnodeSession, path: string, found: Map<string, string>): Promise<void> {
  if (path === '/zookeeper') return;
  const [znode, acl] = await Promise.all([session.read(path).catch(() => null), session.acl(path).catch(() => null)]);
  if (znode !== null && znode.ephemeralOwner !== '0x0') return;
  const acls = (acl ?? []).map(({ scheme, id, permissions }) => `${scheme}:${id}:${permissions}`).sort();
  found.set(path, `${digestOf(znode?.data ?? Buffer.alloc(0))} ${acls.join(',')}`);
  for (const name of (await session.children(path).catch(() => null)) ?? []) {
    await walk(session, `${path === '/' ? '' : path}/${name}`, found);
  }
}

function digestOf(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 12);
}
