import type { Client } from 'node-zookeeper-client';
import { boundedSignal } from '../domain/bounded-signal.js';
import { EnsembleUnreachableError, SessionExpiredError } from '../domain/proof-errors.js';
import type { ServerAddress } from '../ports/server-probe.js';
import type { ConnectOptions, HeldOptions, HeldSession, ZnodeSession, ZnodeStore } from '../ports/znode-store.js';
import { HeldZookeeperSession } from './held-zookeeper-session.js';
import { abandon, dropSocket, namesOf, newClient, stayDown } from './zookeeper-client.js';
import { ZookeeperSession } from './zookeeper-session.js';

const SESSION_TIMEOUT_MS = 10_000;
/** Most that one operation may take, less when the session was to be had sooner. */
const OPERATION_MS = 5_000;

/**
 * Sessions by `node-zookeeper-client`: pure JavaScript, ACL given at create. A new client for every
 * session: a used one carries the highest zxid it has seen, which another ensemble may refuse for
 * ever, and stays silent after its session has expired.
 */
export class ZookeeperStore implements ZnodeStore {
  async connect(
    servers: readonly ServerAddress[],
    options: ConnectOptions,
    signal: AbortSignal,
  ): Promise<ZnodeSession> {
    const client = newClient(servers, options, { timeoutMs: SESSION_TIMEOUT_MS });
    try {
      await connected(client, servers, options, signal);
    } catch (error) {
      abandon(client);
      throw error;
    }
    return new ZookeeperSession(client, Math.min(OPERATION_MS, options.timeoutMs));
  }

  async connectHeld(
    servers: readonly ServerAddress[],
    options: HeldOptions,
    signal: AbortSignal,
  ): Promise<HeldSession> {
    const { sessionTimeoutMs, resume, timeoutMs } = options;
    const client = newClient(servers, options, { timeoutMs: sessionTimeoutMs, ...(resume && { resume }) });
    // A server that is silent must leave time for the others; the client itself would wait for it.
    const onwards = setInterval(() => dropSocket(client), Math.max(100, Math.ceil(timeoutMs / servers.length)));
    try {
      await connected(client, servers, options, signal);
      return new HeldZookeeperSession(client);
    } catch (error) {
      // Never `close()` here: that would end the session which was to be resumed.
      stayDown(client);
      dropSocket(client);
      throw error;
    } finally {
      clearInterval(onwards);
    }
  }
}

async function connected(
  client: Client,
  servers: readonly ServerAddress[],
  options: ConnectOptions & Partial<HeldOptions>,
  signal: AbortSignal,
): Promise<void> {
  const names = namesOf(servers);
  const failed = (reason: string): EnsembleUnreachableError =>
    new EnsembleUnreachableError(names, options.timeoutMs, reason);
  const patience = boundedSignal(signal, options.timeoutMs);
  await new Promise<void>((resolve, reject) => {
    if (patience.aborted) return reject(failed('called off'));
    patience.addEventListener('abort', () => reject(failed(signal.aborted ? 'called off' : 'none answered')));
    client.once('connected', resolve);
    client.once('authenticationFailed', () => reject(failed('the credentials were refused')));
    client.once('expired', () =>
      reject(options.resume ? new SessionExpiredError(names) : failed('the session expired')),
    );
    client.connect();
  });
}
