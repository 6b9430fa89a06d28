import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { ZookeeperStore } from '../src/adapters/zookeeper-store.js';
import type { Acl, ZnodeSession } from '../src/ports/znode-store.js';
import type { LabHost } from './hosts/host.js';
import type { FileEntry, Snapshot, ZnodeEntry } from './judge/residue.js';
import type { Lab, LabOptions } from './lab.js';

/** Folders whose contents the cluster itself writes all the time; what is ours in them counts all the same. */
const alive = ['run', 'var/log', 'var/lib/mesos', 'var/lib/lab-framework', 'var/lib/zookeeper/version-2'];

/**
 * Looks at a whole lab: every host's files and units, and all znodes of source and target with their
 * ACLs. Writes nothing. Two of them are compared by `residue` and `writes`.
 */
export async function takeSnapshot(lab: Lab, credentials: LabOptions['credentials'] = {}): Promise<Snapshot> {
  const files = new Map<string, FileEntry>();
  const units = new Map<string, string>();
  for (const host of lab.hosts.values()) {
    readFiles(host, '', files);
    for (const unit of host.supervisor.unitFiles()) {
      const { activeState, definition } = host.supervisor.service(unit);
      const dropIns = definition.dropInPaths.join(' ');
      units.set(
        `${host.name} ${unit}`,
        `${host.supervisor.unitFileState(unit)}, ${activeState}, drop-ins: ${dropIns === '' ? 'none' : dropIns}`,
      );
    }
  }
  const znodes = new Map<string, ZnodeEntry>();
  for (const ensemble of ['source', 'target'] as const) {
    await inEnsemble(lab, ensemble, credentials[ensemble] ?? null, (session) =>
      readZnodes(session, `${ensemble}:`, '/', znodes),
    );
  }
  const { electionPath } = lab.json;
  const parents = electionPath
    .split('/')
    .slice(1)
    .map((_, index, names) => `/${names.slice(0, index + 1).join('/')}`);
  const mayStay = [...parents, `${electionPath}/log_replicas`].map((path) => `target:${path}`);
  return { files, units, znodes, mayStay };
}

function readFiles(host: LabHost, folder: string, into: Map<string, FileEntry>): void {
  for (const name of readdirSync(host.path(folder))) {
    const path = join(folder, name);
    const isOurs = path.includes('zkferry');
    if (alive.some((live) => path.startsWith(`${live}/`)) && !isOurs) continue;
    const stats = lstatSync(host.path(path), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    into.set(`${host.name}:/${path}`, fileEntry(host.path(path), stats, alive.includes(path)));
    if (stats.isDirectory()) readFiles(host, path, into);
  }
}

function fileEntry(path: string, stats: Stats, isAlive: boolean): FileEntry {
  const mode = `${(stats.mode & 0o7777).toString(8)} ${String(stats.uid)}:${String(stats.gid)}`;
  const changedMs = isAlive ? 0 : stats.mtimeMs;
  if (stats.isDirectory()) return { kind: 'folder', mode, content: '', changedMs };
  if (stats.isSymbolicLink()) return { kind: 'link', mode, content: readlinkSync(path), changedMs };
  if (stats.isFile()) return { kind: 'file', mode, content: digest(readFileSync(path)), changedMs };
  return { kind: 'other', mode, content: '', changedMs };
}

async function readZnodes(
  session: ZnodeSession,
  ensemble: string,
  path: string,
  into: Map<string, ZnodeEntry>,
): Promise<void> {
  const [znode, acl, names] = [await session.read(path), await session.acl(path), await session.children(path)];
  if (znode === null || acl === null || names === null) return;
  if (path !== '/') {
    const { czxid, version, aclVersion, cversion } = znode;
    into.set(`${ensemble}${path}`, {
      data: znode.data.length === 0 ? 'empty' : digest(znode.data),
      acl: acl.map(aclText).sort().join(' '),
      ephemeral: znode.ephemeralOwner !== '0x0',
      stamp: [czxid, version, aclVersion, cversion].join('/'),
    });
  }
  for (const name of names) {
    await readZnodes(session, ensemble, path === '/' ? `/${name}` : `${path}/${name}`, into);
  }
}

async function inEnsemble(
  lab: Lab,
  ensemble: 'source' | 'target',
  credentials: string | null,
  use: (session: ZnodeSession) => Promise<void>,
): Promise<void> {
  const servers = lab.json[ensemble].map(({ name, host, clientPort }) => ({ name, address: host, clientPort }));
  const session = await new ZookeeperStore().connect(
    servers,
    { credentials, timeoutMs: 10_000 },
    new AbortController().signal,
  );
  try {
    await use(session);
  } finally {
    await session.close();
  }
}

function aclText({ permissions, scheme, id }: Acl): string {
  return `${scheme}:${id}:${String(permissions)}`;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
