import { createHash } from 'node:crypto';
import { EnsembleUnreachableError, ZnodeError } from '../../src/domain/proof-errors.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type { Acl, Znode, ZnodeSession, ZnodeStore } from '../../src/ports/znode-store.js';

interface Entry {
  data: Buffer;
  acl: readonly Acl[];
  owner: bigint;
  czxid: bigint;
  creates: number;
  deletes: number;
}

const PERMISSION = { read: 1, write: 2, create: 4, delete: 8, admin: 16 } as const;
export const OPEN: readonly Acl[] = [{ permissions: 31, scheme: 'world', id: 'anyone' }];

/** One replicated tree in memory, shared by all the servers whose address it is given. */
export class FakeEnsemble {
  readonly entries = new Map<string, Entry>([['/', entry(Buffer.alloc(0), OPEN, 0n, 0n)]]);
  reachable = true;
  zxid = 0x1_0000_0000n;
  private nextSession = 0x100n;

  constructor(readonly addresses: readonly string[]) {}

  openSession(): bigint {
    return this.nextSession++;
  }
}

export class FakeZnodeStore implements ZnodeStore {
  constructor(private readonly ensembles: readonly FakeEnsemble[]) {}

  connect(
    servers: readonly ServerAddress[],
    options: { readonly credentials: string | null; readonly timeoutMs: number },
  ): Promise<ZnodeSession> {
    const found = this.ensembles.find(
      ({ reachable, addresses }) =>
        reachable && servers.some(({ address, clientPort }) => addresses.includes(`${address}:${String(clientPort)}`)),
    );
    const names = servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);
    if (!found) return Promise.reject(new EnsembleUnreachableError(names, options.timeoutMs, 'none answered'));
    return Promise.resolve(new FakeSession(found, options.credentials));
  }
}

class FakeSession implements ZnodeSession {
  private readonly id: bigint;
  private closed = false;

  constructor(
    private readonly ensemble: FakeEnsemble,
    private readonly credentials: string | null,
  ) {
    this.id = ensemble.openSession();
  }

  get sessionId(): string {
    return `0x${this.id.toString(16)}`;
  }

  async children(path: string): Promise<string[] | null> {
    const found = await this.allowed('list', path, PERMISSION.read);
    if (!found) return null;
    return this.childrenOf(path);
  }

  async read(path: string): Promise<Znode | null> {
    const found = await this.allowed('read', path, PERMISSION.read);
    if (!found) return null;
    const numChildren = this.childrenOf(path).length;
    return {
      data: found.data,
      ephemeralOwner: `0x${found.owner.toString(16)}`,
      czxid: found.czxid,
      cversion: found.creates + found.deletes,
      numChildren,
    };
  }

  async acl(path: string): Promise<readonly Acl[] | null> {
    return (await this.allowed('read the ACL of', path, 0))?.acl ?? null;
  }

  async create(
    path: string,
    data: Buffer,
    acl: readonly Acl[],
    kind: 'persistent' | 'ephemeral',
  ): Promise<string | null> {
    const parent = await this.allowed('create', parentOf(path), PERMISSION.create);
    if (!parent) throw new ZnodeError('create', path, 'NO_NODE');
    if (this.ensemble.entries.has(path)) return null;
    this.ensemble.zxid += 1n;
    parent.creates += 1;
    this.ensemble.entries.set(path, entry(data, acl, kind === 'ephemeral' ? this.id : 0n, this.ensemble.zxid));
    return path;
  }

  async setData(path: string, data: Buffer): Promise<void> {
    const found = await this.allowed('write', path, PERMISSION.write);
    if (!found) throw new ZnodeError('write', path, 'NO_NODE');
    found.data = data;
  }

  async setAcl(path: string, acl: readonly Acl[]): Promise<void> {
    const found = await this.allowed('set the ACL of', path, PERMISSION.admin);
    if (!found) throw new ZnodeError('set the ACL of', path, 'NO_NODE');
    found.acl = acl;
  }

  async remove(path: string): Promise<boolean> {
    const parent = await this.allowed('delete', parentOf(path), PERMISSION.delete);
    if (!parent || !this.ensemble.entries.has(path)) return false;
    if (this.childrenOf(path).length > 0) throw new ZnodeError('delete', path, 'NOT_EMPTY');
    parent.deletes += 1;
    return this.ensemble.entries.delete(path);
  }

  close(): Promise<void> {
    this.closed = true;
    for (const [path, { owner }] of this.ensemble.entries) if (owner === this.id) this.ensemble.entries.delete(path);
    return Promise.resolve();
  }

  private childrenOf(path: string): string[] {
    return [...this.ensemble.entries.keys()]
      .filter((key) => key !== '/' && parentOf(key) === path)
      .map((key) => key.slice(key.lastIndexOf('/') + 1));
  }

  /** The entry when the session may do this with it, null when there is none. */
  private allowed(operation: string, path: string, permission: number): Promise<Entry | null> {
    if (this.closed) return Promise.reject(new ZnodeError(operation, path, 'CLOSED'));
    const found = this.ensemble.entries.get(path);
    if (!found) return Promise.resolve(null);
    const may = found.acl.some(
      ({ permissions, scheme, id }) =>
        (permissions & permission) === permission && (scheme === 'world' || id === digestId(this.credentials)),
    );
    return may ? Promise.resolve(found) : Promise.reject(new ZnodeError(operation, path, 'NO_AUTH'));
  }
}

/** ZooKeeper's digest id of `user:password`. */
export function digestId(credentials: string | null): string {
  if (credentials === null) return '';
  const hash = createHash('sha1').update(credentials).digest('base64');
  return `${credentials.slice(0, credentials.indexOf(':'))}:${hash}`;
}

function entry(data: Buffer, acl: readonly Acl[], owner: bigint, czxid: bigint): Entry {
  return { data, acl, owner, czxid, creates: 0, deletes: 0 };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
