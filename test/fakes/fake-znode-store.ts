import { digestId } from '../../src/domain/digest-id.js';
import { EnsembleUnreachableError, SessionExpiredError, ZnodeError } from '../../src/domain/proof-errors.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type {
  Acl,
  ConnectOptions,
  HeldOptions,
  HeldSession,
  SessionKey,
  Znode,
  ZnodeOperation,
  ZnodeSession,
  ZnodeStore,
} from '../../src/ports/znode-store.js';

export interface Entry {
  data: Buffer;
  acl: readonly Acl[];
  owner: bigint;
  czxid: bigint;
  version: number;
  aclVersion: number;
  creates: number;
  deletes: number;
}
export type Tree = Map<string, Entry>;

const PERMISSION = { read: 1, write: 2, create: 4, delete: 8, admin: 16 } as const;
export const OPEN: readonly Acl[] = [{ permissions: 31, scheme: 'world', id: 'anyone' }];

/** One replicated tree in memory, shared by all the servers whose address it is given. */
export class FakeEnsemble {
  readonly entries: Tree = new Map([['/', entry(Buffer.alloc(0), OPEN, 0n, 0n)]]);
  readonly sessions = new Map<bigint, { readonly password: string; readonly timeoutMs: number }>();
  readonly connections = new Set<FakeSession>();
  reachable = true;
  zxid = 0x1_0000_0000n;
  private nextSession = 0x100n;

  constructor(readonly addresses: readonly string[]) {}

  openSession(timeoutMs: number): bigint {
    const id = this.nextSession++;
    this.sessions.set(id, { password: id.toString(16).padStart(32, 'f'), timeoutMs });
    return id;
  }

  /** What the servers do when a session was closed or not heard of for its timeout. */
  endSession(id: bigint): void {
    this.sessions.delete(id);
    for (const [path, { owner }] of this.entries) if (owner === id) this.delete(path);
    for (const connection of [...this.connections]) if (connection.id === id) connection.letGo();
  }

  put(path: string, data: Buffer, acl: readonly Acl[], owner: bigint): void {
    this.zxid += 1n;
    const parent = this.entries.get(parentOf(path));
    if (parent) parent.creates += 1;
    this.entries.set(path, entry(data, acl, owner, this.zxid));
    this.tell(parentOf(path));
  }

  delete(path: string): boolean {
    this.zxid += 1n;
    const parent = this.entries.get(parentOf(path));
    if (parent) parent.deletes += 1;
    const found = this.entries.delete(path);
    this.tell(parentOf(path));
    return found;
  }

  private tell(parent: string): void {
    for (const connection of [...this.connections]) connection.childrenChanged(parent);
  }
}

/** What a test does to one client's operations; nothing by default. */
export interface FakeFaults {
  /** Awaited before each operation takes effect, and before each connect. */
  turn?(ensemble: FakeEnsemble, operation: string, path: string): Promise<FakeFate>;
  /** Awaited after it took effect, before the client hears of it. */
  reply?(): Promise<void> | undefined;
  /** What a lagging server shows to reads instead of the ensemble's tree. */
  stale?(ensemble: FakeEnsemble): Tree | null;
}
/** `lost`: it never arrived; `unanswered`: it took effect and the connection was lost before the reply. */
export type FakeFate = 'done' | 'lost' | 'unanswered';

export class FakeZnodeStore implements ZnodeStore {
  constructor(
    private readonly ensembles: readonly FakeEnsemble[],
    private readonly faults: FakeFaults = {},
  ) {}

  async connect(servers: readonly ServerAddress[], options: ConnectOptions): Promise<ZnodeSession> {
    const found = await this.reach(servers, options);
    return new FakeSession(found, identitiesOf(options), found.openSession(10_000), this.faults);
  }

  async connectHeld(servers: readonly ServerAddress[], options: HeldOptions): Promise<HeldSession> {
    const found = await this.reach(servers, options);
    const { resume, sessionTimeoutMs } = options;
    if (!resume) return new FakeSession(found, identitiesOf(options), found.openSession(sessionTimeoutMs), this.faults);
    const id = BigInt(`0x${resume.id}`);
    if (found.sessions.get(id)?.password !== resume.password) throw new SessionExpiredError(namesOf(servers));
    // The server closes the connection that a session had before.
    for (const connection of [...found.connections]) if (connection.id === id) connection.letGo();
    return new FakeSession(found, identitiesOf(options), id, this.faults);
  }

  private async reach(servers: readonly ServerAddress[], { timeoutMs }: ConnectOptions): Promise<FakeEnsemble> {
    const names = namesOf(servers);
    const found = this.ensembles.find(({ addresses }) => names.some((name) => addresses.includes(name)));
    const fate = found?.reachable === true ? await this.faults.turn?.(found, 'connect', '') : 'lost';
    // A session whose reply is lost is one more that its timeout ends.
    if (!found || (fate ?? 'done') !== 'done') throw new EnsembleUnreachableError(names, timeoutMs, 'none answered');
    return found;
  }
}

class FakeSession implements HeldSession {
  private ended: string | null = null;
  private readonly losing = new AbortController();
  private readonly watches = new Map<string, Set<() => void>>();

  constructor(
    private readonly ensemble: FakeEnsemble,
    private readonly identities: readonly string[],
    readonly id: bigint,
    /** Whose connection it is. */
    readonly faults: FakeFaults,
  ) {
    ensemble.connections.add(this);
  }

  get sessionId(): string {
    return `0x${this.id.toString(16)}`;
  }

  get key(): SessionKey {
    const password = this.ensemble.sessions.get(this.id)?.password ?? ''.padStart(32, '0');
    return { id: this.id.toString(16).padStart(16, '0'), password };
  }

  get sessionTimeoutMs(): number {
    return this.ensemble.sessions.get(this.id)?.timeoutMs ?? 0;
  }

  get lost(): AbortSignal {
    return this.losing.signal;
  }

  children(path: string, onChange?: () => void): Promise<string[] | null> {
    return this.run('list', path, () => {
      const tree = this.seen();
      if (!this.allowed(tree, 'list', path, PERMISSION.read)) return null;
      if (onChange) this.watches.set(path, (this.watches.get(path) ?? new Set()).add(onChange));
      return childrenIn(tree, path);
    });
  }

  read(path: string): Promise<Znode | null> {
    return this.run('read', path, () => {
      const tree = this.seen();
      const found = this.allowed(tree, 'read', path, PERMISSION.read);
      if (!found) return null;
      const numChildren = childrenIn(tree, path).length;
      const { data, owner, czxid, version, aclVersion, creates, deletes } = found;
      return {
        data,
        ephemeralOwner: `0x${owner.toString(16)}`,
        czxid,
        version,
        aclVersion,
        cversion: creates + deletes,
        numChildren,
      };
    });
  }

  acl(path: string): Promise<readonly Acl[] | null> {
    return this.run('read the ACL of', path, () => {
      const found = this.seen().get(path);
      if (!found) return null;
      if (this.may(found, PERMISSION.admin)) return found.acl;
      if (!this.may(found, PERMISSION.read)) throw new ZnodeError('read the ACL of', path, 'NO_AUTH');
      // Servers hide the hashes from whoever may not change the ACL.
      return found.acl.map((acl) => (acl.scheme === 'digest' ? { ...acl, id: acl.id.replace(/:.*/, ':x') } : acl));
    });
  }

  create(path: string, data: Buffer, acl: readonly Acl[], kind: 'persistent' | 'ephemeral'): Promise<string | null> {
    return this.run('create', path, () => {
      try {
        this.apply({ do: 'create', path, data, acl, kind });
        return path;
      } catch (error) {
        if (error instanceof ZnodeError && error.reason === 'NODE_EXISTS') return null;
        throw error;
      }
    });
  }

  setData(path: string, data: Buffer, version?: number): Promise<number> {
    return this.run('write', path, () => {
      this.apply({ do: 'setData', path, data, ...(version !== undefined && { version }) });
      return this.ensemble.entries.get(path)?.version ?? -1;
    });
  }

  setAcl(path: string, acl: readonly Acl[], aclVersion?: number): Promise<void> {
    return this.run('set the ACL of', path, () => {
      const found = this.allowed(this.ensemble.entries, 'set the ACL of', path, PERMISSION.admin);
      if (!found) throw new ZnodeError('set the ACL of', path, 'NO_NODE');
      if (aclVersion !== undefined && aclVersion !== found.aclVersion) {
        throw new ZnodeError('set the ACL of', path, 'BAD_VERSION');
      }
      found.acl = this.expanded(acl);
      found.aclVersion += 1;
    });
  }

  remove(path: string): Promise<boolean> {
    return this.run('delete', path, () => {
      try {
        this.apply({ do: 'remove', path });
        return true;
      } catch (error) {
        if (error instanceof ZnodeError && error.reason === 'NO_NODE') return false;
        throw error;
      }
    });
  }

  async commit(operations: readonly ZnodeOperation[]): Promise<void> {
    const [first] = operations;
    if (!first) return;
    const any = operations.find((operation) => 'version' in operation && operation.version === 0);
    if (any) throw new ZnodeError(any.do, any.path, 'BAD_ARGUMENTS');
    await this.run('commit', first.path, () => {
      const before = new Map([...this.ensemble.entries].map(([path, found]) => [path, { ...found }]));
      const { zxid } = this.ensemble;
      try {
        for (const operation of operations) this.apply(operation);
      } catch (error) {
        this.ensemble.entries.clear();
        for (const [path, found] of before) this.ensemble.entries.set(path, found);
        this.ensemble.zxid = zxid;
        throw error instanceof ZnodeError ? new ZnodeError('commit', error.path, error.reason) : error;
      }
    });
  }

  close(): Promise<void> {
    if (this.ended !== null) return Promise.resolve();
    this.ended = 'CLOSED';
    this.ensemble.endSession(this.id);
    return Promise.resolve();
  }

  letGo(): void {
    this.ended ??= 'CONNECTION_LOSS';
    this.ensemble.connections.delete(this);
    this.losing.abort('lost');
  }

  childrenChanged(path: string): void {
    const told = this.watches.get(path) ?? [];
    this.watches.delete(path);
    for (const onChange of told) onChange();
  }

  /** One operation as the servers answer it, unless its connection is lost before or after. */
  private async run<T>(operation: string, path: string, act: () => T): Promise<T> {
    const lost = (): ZnodeError => new ZnodeError(operation, path, this.ended ?? 'CONNECTION_LOSS');
    if (this.ended !== null) throw lost();
    const fate = (await this.faults.turn?.(this.ensemble, operation, path)) ?? 'done';
    try {
      if (fate === 'lost') this.letGo();
      if (this.ended !== null) throw lost();
      const answer = act();
      if (fate === 'done') return answer;
      this.letGo();
      throw lost();
    } catch (error) {
      // Whatever the servers said, their answer is what gets lost.
      if (fate !== 'unanswered') throw error;
      this.letGo();
      throw lost();
    } finally {
      await this.faults.reply?.();
    }
  }

  private seen(): Tree {
    return this.faults.stale?.(this.ensemble) ?? this.ensemble.entries;
  }

  private apply(operation: ZnodeOperation): void {
    const { path } = operation;
    const refuse = (reason: string): never => {
      throw new ZnodeError(operation.do === 'remove' ? 'delete' : operation.do, path, reason);
    };
    const { entries } = this.ensemble;
    if (operation.do === 'create') {
      if (!this.allowed(entries, 'create', parentOf(path), PERMISSION.create)) refuse('NO_NODE');
      if (entries.has(path)) refuse('NODE_EXISTS');
      const owner = operation.kind === 'ephemeral' ? this.id : 0n;
      this.ensemble.put(path, operation.data, this.expanded(operation.acl), owner);
      return;
    }
    const found = entries.get(path) ?? refuse('NO_NODE');
    if (operation.do === 'check') this.allowed(entries, 'check', path, PERMISSION.read);
    else if (operation.do === 'setData') this.allowed(entries, 'write', path, PERMISSION.write);
    else this.allowed(entries, 'delete', parentOf(path), PERMISSION.delete);
    if (operation.version !== undefined && operation.version !== found.version) refuse('BAD_VERSION');
    if (operation.do === 'setData') {
      found.data = operation.data;
      found.version += 1;
    } else if (operation.do === 'remove') {
      if (childrenIn(entries, path).length > 0) refuse('NOT_EMPTY');
      this.ensemble.delete(path);
    }
  }

  /** The scheme `auth` stands for the session's own identities. */
  private expanded(acls: readonly Acl[]): Acl[] {
    return acls.flatMap((acl) =>
      acl.scheme === 'auth' ? this.identities.map((id) => ({ ...acl, scheme: 'digest', id })) : [acl],
    );
  }

  /** The entry when the session may do this with it, null when there is none. */
  private allowed(tree: Tree, operation: string, path: string, permission: number): Entry | null {
    const found = tree.get(path);
    if (!found) return null;
    if (!this.may(found, permission)) throw new ZnodeError(operation, path, 'NO_AUTH');
    return found;
  }

  private may({ acl }: Entry, permission: number): boolean {
    return acl.some(
      ({ permissions, scheme, id }) =>
        (permissions & permission) === permission && (scheme === 'world' || this.identities.includes(id)),
    );
  }
}

function identitiesOf({ credentials, moreCredentials = [] }: ConnectOptions): string[] {
  return [...(credentials === null ? [] : [credentials]), ...moreCredentials].map(digestId);
}

function namesOf(servers: readonly ServerAddress[]): string[] {
  return servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);
}

function childrenIn(tree: Tree, path: string): string[] {
  return [...tree.keys()]
    .filter((key) => key !== '/' && parentOf(key) === path)
    .map((key) => key.slice(key.lastIndexOf('/') + 1));
}

function entry(data: Buffer, acl: readonly Acl[], owner: bigint, czxid: bigint): Entry {
  return { data, acl, owner, czxid, version: 0, aclVersion: 0, creates: 0, deletes: 0 };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
