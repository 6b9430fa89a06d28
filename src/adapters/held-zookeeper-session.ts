import type { Client } from 'node-zookeeper-client';
import type { HeldSession, SessionKey } from '../ports/znode-store.js';
import { dropSocket, stayDown } from './zookeeper-client.js';
import { ZookeeperSession } from './zookeeper-session.js';

/** Longest wait for an answer; less where the session itself would not outlast several such waits. */
const OPERATION_MS = 2_000;

/**
 * A session whose connection stays lost. The client has no read timeout, so a silent connection is
 * noticed by the deadline of an operation alone; then it is given up.
 */
export class HeldZookeeperSession extends ZookeeperSession implements HeldSession {
  readonly key: SessionKey;
  readonly sessionTimeoutMs: number;
  private readonly losing = new AbortController();

  constructor(client: Client) {
    super(client, Math.min(OPERATION_MS, client.getSessionTimeout() / 6));
    this.key = {
      id: client.getSessionId().toString('hex'),
      password: client.getSessionPassword().toString('hex'),
    };
    this.sessionTimeoutMs = client.getSessionTimeout();
    stayDown(client);
    client.once('disconnected', () => this.letGo());
  }

  get lost(): AbortSignal {
    return this.losing.signal;
  }

  letGo(): void {
    this.ended ??= 'CONNECTION_LOSS';
    dropSocket(this.client);
    this.failWaiting('CONNECTION_LOSS');
    this.losing.abort();
  }

  override async close(): Promise<void> {
    if (this.ended === null) await super.close();
    this.letGo();
  }

  protected override onDeadline(): void {
    this.letGo();
  }
}
