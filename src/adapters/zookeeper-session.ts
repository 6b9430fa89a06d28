import zookeeper, { type ACL, type Client, type Stat } from 'node-zookeeper-client';
import { ZnodeError } from '../domain/proof-errors.js';
import type { Acl, Znode, ZnodeOperation, ZnodeSession } from '../ports/znode-store.js';
import { abandon, BROKEN } from './zookeeper-client.js';

const CLOSE_MS = 1_000;

type Callback<T> = (error: Error | { getName(): string } | null | undefined, value?: T) => void;

/** A session that is connected, by `node-zookeeper-client`, each request under a deadline. */
export class ZookeeperSession implements ZnodeSession {
  readonly sessionId: string;
  /** Why no operation can succeed any more, or null. */
  protected ended: string | null = null;
  private readonly waiting = new Set<(reason: string) => void>();

  constructor(
    protected readonly client: Client,
    private readonly operationMs: number,
  ) {
    this.sessionId = `0x${client.getSessionId().readBigUInt64BE().toString(16)}`;
    client.once('expired', () => (this.ended = 'SESSION_EXPIRED'));
    client.once('authenticationFailed', () => (this.ended = 'AUTH_FAILED'));
    client.on(BROKEN, () => this.failWaiting('CONNECTION_LOSS'));
  }

  children(path: string, onChange?: () => void): Promise<string[] | null> {
    return this.call('list', path, null, (done: Callback<string[]>) => {
      if (onChange) this.client.getChildren(path, onChange, done);
      else this.client.getChildren(path, done);
    });
  }

  read(path: string): Promise<Znode | null> {
    return this.call('read', path, null, (done: Callback<Znode>) => {
      this.client.getData(path, (error, data: Buffer | null | undefined, stat) =>
        error ? done(error) : done(null, znodeOf(data, stat)),
      );
    });
  }

  acl(path: string): Promise<readonly Acl[] | null> {
    return this.call('read the ACL of', path, null, (done: Callback<readonly Acl[]>) => {
      this.client.getACL(path, (error, acls) => (error ? done(error) : done(null, acls.map(aclOf))));
    });
  }

  create(path: string, data: Buffer, acl: readonly Acl[], kind: 'persistent' | 'ephemeral'): Promise<string | null> {
    return this.call(
      'create',
      path,
      null,
      (done: Callback<string>) => this.client.create(path, data, clientAcls(acl), modeOf(kind), done),
      'NODE_EXISTS',
    );
  }

  async setData(path: string, data: Buffer, version = -1): Promise<number> {
    return (await this.mustExist('write', path, (done) => this.client.setData(path, data, version, done))).version;
  }

  async setAcl(path: string, acl: readonly Acl[], aclVersion = -1): Promise<void> {
    await this.mustExist('set the ACL of', path, (done) => this.client.setACL(path, clientAcls(acl), aclVersion, done));
  }

  remove(path: string): Promise<boolean> {
    return this.call('delete', path, false, (done: Callback<boolean>) => {
      this.client.remove(path, -1, (error) => (error ? done(error) : done(null, true)));
    });
  }

  async commit(operations: readonly ZnodeOperation[]): Promise<void> {
    const [first] = operations;
    if (!first) return;
    const any = operations.find((operation) => 'version' in operation && operation.version === 0);
    if (any) throw new ZnodeError(any.do, any.path, 'BAD_ARGUMENTS');
    const transaction = this.client.transaction();
    for (const operation of operations) {
      const { path } = operation;
      if (operation.do === 'check') transaction.check(path, operation.version);
      else if (operation.do === 'remove') transaction.remove(path, operation.version);
      else if (operation.do === 'setData') transaction.setData(path, operation.data, operation.version);
      else transaction.create(path, operation.data, clientAcls(operation.acl), modeOf(operation.kind));
    }
    let failed = first;
    await this.call(
      'commit',
      () => failed.path,
      null,
      (done: Callback<null>) => {
        transaction.commit((error, results: { err?: number }[] | undefined) => {
          // Operations before the one that failed carry 0, those after it RUNTIME_INCONSISTENCY.
          const index = results?.findIndex(({ err }) => err !== undefined && err !== 0) ?? -1;
          failed = operations[index] ?? first;
          done(error, null);
        });
      },
      null,
    );
  }

  async close(): Promise<void> {
    if (this.ended === null) {
      this.ended = 'CLOSED';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS);
        this.client.once('disconnected', () => {
          clearTimeout(timer);
          resolve();
        });
        this.client.close();
      });
    }
    abandon(this.client);
  }

  /** What becomes of the session when an operation is not answered in time. */
  protected onDeadline(): void {
    // The client reconnects by itself.
  }

  protected failWaiting(reason: string): void {
    for (const fail of [...this.waiting]) fail(reason);
  }

  private async mustExist(operation: string, path: string, start: (done: Callback<Stat>) => void): Promise<Stat> {
    const stat = await this.call(operation, path, null, start);
    if (stat === null) throw new ZnodeError(operation, path, 'NO_NODE');
    return stat;
  }

  /** Runs one request under a deadline; the error named by `absent` yields `whenAbsent`. */
  private call<T, U>(
    operation: string,
    path: string | (() => string),
    whenAbsent: U,
    start: (done: Callback<T>) => void,
    absent: string | null = 'NO_NODE',
  ): Promise<T | U> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        clearTimeout(timer);
        this.waiting.delete(fail);
        reject(new ZnodeError(operation, typeof path === 'string' ? path : path(), reason));
      };
      // A request that waits for a connection which never comes back is answered by nobody.
      const timer = setTimeout(() => {
        fail('OPERATION_TIMEOUT');
        this.onDeadline();
      }, this.operationMs);
      if (this.ended !== null) return fail(this.ended);
      this.waiting.add(fail);
      start((error, value) => {
        if (error) {
          const reason = 'getName' in error ? error.getName() : error.message;
          if (reason !== absent) return fail(reason);
        }
        clearTimeout(timer);
        this.waiting.delete(fail);
        resolve(error ? whenAbsent : (value as T));
      });
    });
  }
}

function znodeOf(data: Buffer | null | undefined, stat: Stat): Znode {
  return {
    data: data ?? Buffer.alloc(0),
    ephemeralOwner: `0x${stat.ephemeralOwner.readBigUInt64BE().toString(16)}`,
    czxid: stat.czxid.readBigUInt64BE(),
    version: stat.version,
    aclVersion: stat.aversion,
    cversion: stat.cversion,
    numChildren: stat.numChildren,
  };
}

function modeOf(kind: 'persistent' | 'ephemeral'): number {
  const { PERSISTENT, EPHEMERAL } = zookeeper.CreateMode;
  return kind === 'ephemeral' ? EPHEMERAL : PERSISTENT;
}

/** The typings call the field `perms`; the code's own is `permission`. */
function aclOf(acl: object): Acl {
  const { permission, id } = acl as { permission: number; id: { scheme: string; id: string } };
  return { permissions: permission, scheme: id.scheme, id: id.id };
}

function clientAcls(acls: readonly Acl[]): ACL[] {
  return acls.map(({ permissions, scheme, id }) => new zookeeper.ACL(permissions, new zookeeper.Id(scheme, id)));
}
