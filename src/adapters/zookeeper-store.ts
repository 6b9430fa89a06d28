import zookeeper, { type ACL, type Client, type Stat } from 'node-zookeeper-client';
import { EnsembleUnreachableError, ZnodeError } from '../domain/proof-errors.js';
import type { ServerAddress } from '../ports/server-probe.js';
import type { Acl, Znode, ZnodeSession, ZnodeStore } from '../ports/znode-store.js';

const SESSION_TIMEOUT_MS = 10_000;
/** Most that one operation may take, less when the session was to be had sooner. */
const OPERATION_MS = 5_000;
const CLOSE_MS = 1_000;

/** What the client keeps inside; needed only to end a client that never got a session. */
interface ConnectionManager {
  servers: { host: string; port: number }[];
  socket?: { destroy(): void };
  onSocketConnected: () => void;
}
type Callback<T> = (error: Error | { getName(): string } | null, value?: T) => void;

/**
 * Sessions by `node-zookeeper-client`: pure JavaScript, ACL given at create. A new client for every
 * session: a used one carries the highest zxid it has seen, which another ensemble may refuse for
 * ever, and stays silent after its session has expired.
 */
export class ZookeeperStore implements ZnodeStore {
  async connect(
    servers: readonly ServerAddress[],
    options: { readonly credentials: string | null; readonly timeoutMs: number },
    signal: AbortSignal,
  ): Promise<ZnodeSession> {
    const addresses = servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);
    const client = zookeeper.createClient(addresses.join(','), {
      sessionTimeout: SESSION_TIMEOUT_MS,
      spinDelay: 100,
      retries: 0,
    });
    // The client's own parser knows no IPv6; it has shuffled nothing that this does not.
    managerOf(client).servers = shuffled(
      servers.map(({ address, clientPort }) => ({ host: address, port: clientPort })),
    );
    if (options.credentials !== null) client.addAuthInfo('digest', Buffer.from(options.credentials));
    const failed = (reason: string): EnsembleUnreachableError =>
      new EnsembleUnreachableError(addresses, options.timeoutMs, reason);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      await new Promise<void>((resolve, reject) => {
        if (patience.aborted) return reject(failed('called off'));
        patience.addEventListener('abort', () => reject(failed(signal.aborted ? 'called off' : 'none answered')));
        client.once('connected', resolve);
        client.once('authenticationFailed', () => reject(failed('the credentials were refused')));
        client.once('expired', () => reject(failed('the session expired')));
        client.connect();
      });
    } catch (error) {
      abandon(client);
      throw error;
    }
    return new Session(client, Math.min(OPERATION_MS, options.timeoutMs));
  }
}

class Session implements ZnodeSession {
  readonly sessionId: string;
  /** Why no operation can succeed any more, or null. */
  private ended: string | null = null;

  constructor(
    private readonly client: Client,
    private readonly operationMs: number,
  ) {
    this.sessionId = `0x${client.getSessionId().readBigUInt64BE().toString(16)}`;
    client.once('expired', () => (this.ended = 'SESSION_EXPIRED'));
    client.once('authenticationFailed', () => (this.ended = 'AUTH_FAILED'));
  }

  children(path: string): Promise<string[] | null> {
    return this.call('list', path, null, (done: Callback<string[]>) => this.client.getChildren(path, done));
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
    const { PERSISTENT, EPHEMERAL } = zookeeper.CreateMode;
    const mode = kind === 'ephemeral' ? EPHEMERAL : PERSISTENT;
    return this.call(
      'create',
      path,
      null,
      (done: Callback<string>) => this.client.create(path, data, clientAcls(acl), mode, done),
      'NODE_EXISTS',
    );
  }

  async setData(path: string, data: Buffer): Promise<void> {
    await this.mustExist('write', path, (done) => this.client.setData(path, data, -1, done));
  }

  async setAcl(path: string, acl: readonly Acl[]): Promise<void> {
    await this.mustExist('set the ACL of', path, (done) => this.client.setACL(path, clientAcls(acl), -1, done));
  }

  remove(path: string): Promise<boolean> {
    return this.call('delete', path, false, (done: Callback<boolean>) => {
      this.client.remove(path, -1, (error) => (error ? done(error) : done(null, true)));
    });
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

  private async mustExist(operation: string, path: string, start: (done: Callback<Stat>) => void): Promise<void> {
    const stat = await this.call(operation, path, null, start);
    if (stat === null) throw new ZnodeError(operation, path, 'NO_NODE');
  }

  /** Runs one request under a deadline; the error named by `absent` yields `whenAbsent`. */
  private call<T, U>(
    operation: string,
    path: string,
    whenAbsent: U,
    start: (done: Callback<T>) => void,
    absent = 'NO_NODE',
  ): Promise<T | U> {
    return new Promise((resolve, reject) => {
      if (this.ended !== null) return reject(new ZnodeError(operation, path, this.ended));
      // A request that waits for a connection which never comes back is answered by nobody.
      const timer = setTimeout(() => reject(new ZnodeError(operation, path, 'OPERATION_TIMEOUT')), this.operationMs);
      start((error, value) => {
        clearTimeout(timer);
        if (!error) return resolve(value as T);
        const reason = 'getName' in error ? error.getName() : error.message;
        if (reason === absent) resolve(whenAbsent);
        else reject(new ZnodeError(operation, path, reason));
      });
    });
  }
}

function znodeOf(data: Buffer | null | undefined, stat: Stat): Znode {
  return {
    data: data ?? Buffer.alloc(0),
    ephemeralOwner: `0x${stat.ephemeralOwner.readBigUInt64BE().toString(16)}`,
    czxid: stat.czxid.readBigUInt64BE(),
    cversion: stat.cversion,
    numChildren: stat.numChildren,
  };
}

/** The typings call the field `perms`; the code's own is `permission`. */
function aclOf(acl: object): Acl {
  const { permission, id } = acl as { permission: number; id: { scheme: string; id: string } };
  return { permissions: permission, scheme: id.scheme, id: id.id };
}

function clientAcls(acls: readonly Acl[]): ACL[] {
  return acls.map(({ permissions, scheme, id }) => new zookeeper.ACL(permissions, new zookeeper.Id(scheme, id)));
}

/** Ends a client whatever it is doing: `close()` alone would let a pending reconnect go on. */
function abandon(client: Client): void {
  const manager = managerOf(client);
  manager.onSocketConnected = () => manager.socket?.destroy();
  client.close();
  manager.socket?.destroy();
}

function managerOf(client: Client): ConnectionManager {
  return (client as unknown as { connectionManager: ConnectionManager }).connectionManager;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
