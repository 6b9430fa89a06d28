import { EventEmitter } from 'node:events';
import { lookup } from 'node:dns/promises';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import zookeeper from 'node-zookeeper-client';
import { scaled } from '../duration.js';
import type { RawClient, RawClientEvents } from './raw-client.js';
import { zkCode, ZkError } from './zk-code.js';
import type { ZkUrl } from './zk-url.js';

/** The package's own innards, as far as they must behave like the C client's. */
interface ConnectionManager {
  state: number;
  socket: Socket | undefined;
  connectTimeoutHandler: NodeJS.Timeout | null;
  connectTimeout: number;
  sessionTimeout: number;
  pendingBuffer: Buffer | null;
  zxid: Buffer;
  nextServerIndex: number;
  servers: readonly { host: string; port: number | string }[];
  findNextServer(callback: (server: { host: string; port: number | string }) => void): void;
  onSocketConnected(): void;
  updateTimeout(sessionTimeoutMs: number): void;
  queue(
    request: object,
    callback: (error: Error | null, response?: { payload: { path: string } | null }) => void,
  ): void;
}

/** The package's wire format. Its own `create` refuses `/path/`, the name of a sequential znode without a label. */
interface Jute {
  readonly OP_CODES: { readonly CREATE: number };
  readonly protocol: { readonly CreateRequest: new () => object; readonly RequestHeader: new () => object };
  readonly Request: new (header: object, payload: object) => object;
}

const jute = createRequire(import.meta.url)('node-zookeeper-client/lib/jute/index.js') as Jute;
const connectedState = 2;
const closedState = -2;

/**
 * A client that logs in and protects what it creates: everyone reads, the creator does all
 * (src/zookeeper/authentication.cpp). The C binding cannot, so this is the JavaScript client, made to
 * keep the C client's hours: ping after T/3, silence of 2T/3 drops the connection, T/3 between sweeps.
 */
export class CredentialedClient extends EventEmitter<RawClientEvents> implements RawClient {
  #client: zookeeper.Client | null = null;
  #retry: NodeJS.Timeout | null = null;
  #silence: NodeJS.Timeout | null = null;
  #closed = false;
  #expired = false;
  #wasConnected = false;
  readonly #watched = new Set<string>();
  readonly #acl: (zookeeper.ACL & { toRecord(): object })[];

  constructor(
    private readonly servers: ZkUrl['servers'],
    private readonly credentials: string,
    private readonly requestedMs: number,
  ) {
    super();
    this.#acl = [
      new zookeeper.ACL(zookeeper.Permission.READ, new zookeeper.Id('world', 'anyone')),
      new zookeeper.ACL(zookeeper.Permission.ALL, new zookeeper.Id('auth', '')),
    ] as (zookeeper.ACL & { toRecord(): object })[];
    void this.#open(performance.now());
  }

  get sessionId(): string {
    return (
      this.#client
        ?.getSessionId()
        .toString('hex')
        .replace(/^0+(?=.)/, '') ?? '0'
    );
  }

  get timeoutMs(): number {
    return this.#client?.getSessionTimeout() ?? this.requestedMs;
  }

  async create(path: string, data: Buffer, mode: 'persistent' | 'ephemeralSequential'): Promise<string> {
    const { PERSISTENT, EPHEMERAL_SEQUENTIAL } = zookeeper.CreateMode;
    const flags = mode === 'persistent' ? PERSISTENT : EPHEMERAL_SEQUENTIAL;
    return this.#call((client, done) => {
      const payload = Object.assign(new jute.protocol.CreateRequest(), {
        path,
        data,
        acl: this.#acl.map((entry) => entry.toRecord()),
        flags,
      });
      const header = Object.assign(new jute.protocol.RequestHeader(), { type: jute.OP_CODES.CREATE });
      managerOf(client).queue(new jute.Request(header, payload), (error, response) =>
        done(error, response?.payload?.path ?? ''),
      );
    });
  }

  async exists(path: string): Promise<boolean> {
    const stat = await this.#call<zookeeper.Stat | null>((client, done) => client.exists(path, done));
    return stat !== null;
  }

  async children(path: string): Promise<string[]> {
    // The watch of an earlier call still stands; a second one would be told twice.
    if (this.#watched.has(path)) return this.#call((client, done) => client.getChildren(path, done));
    return this.#call<string[]>((client, done) =>
      client.getChildren(
        path,
        (event) => this.#notified(path, event),
        (error, names) => {
          // Noted at once, not after an await: the event that spends the watch may lie in the very same packet.
          if (!error) this.#watched.add(path);
          done(error, names);
        },
      ),
    );
  }

  async get(path: string): Promise<Buffer> {
    return (await this.#call<Buffer | undefined>((client, done) => client.getData(path, done))) ?? Buffer.alloc(0);
  }

  async remove(path: string): Promise<void> {
    await this.#call<undefined>((client, done) => client.remove(path, (error) => done(error, undefined)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.removeAllListeners();
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#silence) clearTimeout(this.#silence);
    const client = this.#client;
    this.#client = null;
    if (!client) return;
    const manager = managerOf(client);
    manager.findNextServer = () => undefined;
    if (manager.state === connectedState) {
      client.close();
      // The server answers and hangs up; one that does not is not waited for.
      const socket = manager.socket;
      const impatience = setTimeout(() => socket?.destroy(), 1000);
      socket?.once('close', () => clearTimeout(impatience));
      return;
    }
    if (manager.connectTimeoutHandler) clearTimeout(manager.connectTimeoutHandler);
    manager.state = closedState;
    manager.socket?.destroy();
  }

  async #open(since: number): Promise<void> {
    const servers = await resolve(this.servers);
    if (this.#closed) return;
    if (servers.length === 0) {
      if (performance.now() - since > scaled(600_000)) {
        this.emit('fatal', 'Failed to create ZooKeeper, zookeeper_init: invalid argument');
        return;
      }
      this.#retry = setTimeout(() => void this.#open(since), scaled(1000));
      return;
    }
    const client = zookeeper.createClient(servers.join(','), {
      sessionTimeout: Math.round(this.requestedMs),
      retries: 0,
    });
    this.#client = client;
    this.#imitate(managerOf(client));
    client.on('state', (state: zookeeper.State) => this.#stateChanged(state));
    client.addAuthInfo('digest', Buffer.from(this.credentials));
    client.connect();
  }

  #stateChanged(state: zookeeper.State): void {
    if (this.#closed || this.#expired) return;
    if (state === zookeeper.State.SYNC_CONNECTED) {
      this.#wasConnected = true;
      this.emit('connected');
    } else if (state === zookeeper.State.DISCONNECTED) {
      if (this.#wasConnected) this.emit('connecting');
    } else if (state === zookeeper.State.EXPIRED) {
      this.#expired = true;
      this.emit('expired');
    } else if (state === zookeeper.State.AUTH_FAILED) {
      this.emit('fatal', 'Failed to authenticate with ZooKeeper: authentication failed');
    }
  }

  #imitate(manager: ConnectionManager): void {
    const updateTimeout = manager.updateTimeout.bind(manager);
    manager.updateTimeout = (sessionTimeoutMs) => {
      updateTimeout(sessionTimeoutMs);
      manager.connectTimeout = (sessionTimeoutMs * 2) / 3;
    };
    manager.updateTimeout(manager.sessionTimeout);
    let attempts = 0;
    manager.findNextServer = (callback) => {
      const next = (): void => {
        if (this.#closed) return;
        const server = manager.servers[manager.nextServerIndex++ % manager.servers.length];
        if (server) callback(server);
      };
      attempts += 1;
      if (attempts <= manager.servers.length) return void process.nextTick(next);
      attempts = 1;
      this.#retry = setTimeout(next, manager.sessionTimeout / 3);
    };
    const onSocketConnected = manager.onSocketConnected.bind(manager);
    manager.onSocketConnected = () => {
      // A frame that the last connection left unfinished would garble this one.
      manager.pendingBuffer = null;
      const socket = manager.socket;
      onSocketConnected();
      if (socket) this.#listen(socket, manager, () => (attempts = 0));
    };
  }

  /** Drops a silent connection, and keeps the last zxid current by pings too, which the package does not. */
  #listen(socket: Socket, manager: ConnectionManager, onReply: () => void): void {
    let buffered = Buffer.alloc(0);
    let greeted = false;
    const heard = (): void => {
      if (this.#silence) clearTimeout(this.#silence);
      if (!this.#closed) this.#silence = setTimeout(() => socket.destroy(), (manager.sessionTimeout * 2) / 3);
    };
    heard();
    socket.on('close', () => {
      if (this.#silence) clearTimeout(this.#silence);
    });
    socket.on('data', (data: Buffer) => {
      heard();
      buffered = Buffer.concat([buffered, data]);
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
        const frame = buffered.subarray(4, 4 + buffered.readInt32BE(0));
        buffered = buffered.subarray(4 + frame.length);
        if (!greeted) {
          greeted = true;
          onReply();
        } else if (frame.length >= 16 && frame.readBigInt64BE(4) > 0n) {
          manager.zxid = Buffer.from(frame.subarray(4, 12));
        }
      }
    });
  }

  #notified(path: string, event: zookeeper.Event): void {
    this.#watched.delete(path);
    if (this.#closed) return;
    if (event.getType() === zookeeper.Event.NODE_DELETED) this.emit('deleted', path);
    else this.emit('childrenChanged', path);
  }

  #call<Result>(
    start: (
      client: zookeeper.Client,
      done: (error: Error | zookeeper.Exception | null, result: Result) => void,
    ) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const client = this.#client;
      if (this.#expired) reject(new ZkError(zkCode.sessionExpired));
      else if (!client) reject(new ZkError(zkCode.invalidState));
      // The package would hold the request back for a connection that may never come.
      else if (managerOf(client).state !== connectedState) reject(new ZkError(zkCode.connectionLoss));
      else start(client, (error, result) => (error ? reject(new ZkError(codeOf(error))) : resolve(result)));
    });
  }
}

function managerOf(client: zookeeper.Client): ConnectionManager {
  return (client as unknown as { connectionManager: ConnectionManager }).connectionManager;
}

function codeOf(error: Error | zookeeper.Exception): number {
  return 'code' in error && typeof error.code === 'number' ? error.code : zkCode.connectionLoss;
}

/** `address:port` of every address behind the names, once per handle as the C client does. */
async function resolve(servers: ZkUrl['servers']): Promise<string[]> {
  const found = await Promise.all(
    servers.map(async ({ address, port }) => {
      const addresses = await lookup(address, { all: true, family: 4 }).catch(() => []);
      return addresses.map((entry) => `${entry.address}:${port}`);
    }),
  );
  return found.flat();
}
