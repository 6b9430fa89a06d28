import zookeeper, { type Client } from 'node-zookeeper-client';
import type { ServerAddress } from '../ports/server-probe.js';
import type { ConnectOptions, SessionKey } from '../ports/znode-store.js';

/** What the client keeps inside; needed to guard its answers and to end it without closing its session. */
interface ConnectionManager {
  servers: { host: string; port: number }[];
  socket?: { destroy(): void };
  connectTimeoutHandler?: NodeJS.Timeout;
  pendingBuffer: Buffer | null;
  connect: () => void;
  onSocketConnected: () => void;
  onSocketData: (buffer: Buffer) => void;
}

export function newClient(
  servers: readonly ServerAddress[],
  { credentials, moreCredentials = [] }: ConnectOptions,
  session: { readonly timeoutMs: number; readonly resume?: SessionKey },
): Client {
  const options = {
    sessionTimeout: session.timeoutMs,
    spinDelay: 100,
    retries: 0,
    ...(session.resume && {
      sessionId: Buffer.from(session.resume.id, 'hex'),
      sessionPassword: Buffer.from(session.resume.password, 'hex'),
    }),
  };
  const client = zookeeper.createClient(namesOf(servers).join(','), options);
  // The client's own parser knows no IPv6; it has shuffled nothing that this does not.
  managerOf(client).servers = shuffled(servers.map(({ address, clientPort }) => ({ host: address, port: clientPort })));
  for (const identity of [...(credentials === null ? [] : [credentials]), ...moreCredentials]) {
    client.addAuthInfo('digest', Buffer.from(identity));
  }
  guardAnswers(client);
  return client;
}

/** `address:port` of each. */
export function namesOf(servers: readonly ServerAddress[]): string[] {
  return servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);
}

/** Emitted by a client of ours when an answer could not be read: its request is never called back. */
export const BROKEN = 'zkferry:broken';

/**
 * Keeps an answer that the client cannot read from ending the process: it throws in its socket's
 * listener on codes it has no name for, such as SESSION_MOVED (−118), which a session gets that
 * another process has resumed. The connection is dropped instead.
 */
function guardAnswers(client: Client): void {
  const manager = managerOf(client);
  const read = manager.onSocketData.bind(manager);
  manager.onSocketData = (buffer) => {
    try {
      read(buffer);
    } catch {
      manager.pendingBuffer = null;
      client.emit(BROKEN);
      dropSocket(client);
    }
  };
}

/** From now on a lost connection stays lost. */
export function stayDown(client: Client): void {
  const manager = managerOf(client);
  manager.connect = () => undefined;
  manager.onSocketConnected = () => dropSocket(client);
}

/** Ends the connection and leaves the session alone; the client goes on to the next server unless it stays down. */
export function dropSocket(client: Client): void {
  const manager = managerOf(client);
  // The client forgets to clear it, and then it would hit the next connection.
  clearTimeout(manager.connectTimeoutHandler);
  manager.socket?.destroy();
}

/** Ends a client whatever it is doing: `close()` alone would let a pending reconnect go on. */
export function abandon(client: Client): void {
  managerOf(client).onSocketConnected = () => dropSocket(client);
  client.close();
  dropSocket(client);
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
