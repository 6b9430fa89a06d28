import { EventEmitter } from 'node:events';
import { scaled } from '../duration.js';
import { logError, logInfo, logWarning } from '../log.js';
import { GroupMembers, type Membership } from './group-members.js';
import { addMember, ensureGroup, type GroupRequest, listMembers, readMember, removeMember } from './group-request.js';
import { openClient } from './open-client.js';
import type { RawClient } from './raw-client.js';
import { reaction, ZkError } from './zk-code.js';
import type { ZkUrl } from './zk-url.js';

export type { Membership } from './group-members.js';

export interface GroupOptions {
  readonly url: ZkUrl;
  readonly sessionTimeoutMs: number;
}

export interface GroupEvents {
  /** Sorted by number; on every change, and empty when the session expired. A first empty group is no change. */
  memberships: [members: readonly Membership[]];
  /** The session is over, by the server's word or by the local timer; a new one is under way. */
  expired: [];
  /** A non-retryable error: every pending and later call rejects with it. */
  aborted: [text: string];
  /** What Mesos answers with LOG(FATAL): the process must end by SIGABRT with this text. */
  fatal: [text: string];
}

type State = 'DISCONNECTED' | 'CONNECTING' | 'CONNECTED' | 'AUTHENTICATED' | 'READY';

/** A call that waits for a usable session; `run` returns false when it must be tried again later. */
interface Pending {
  run(client: RawClient): Promise<boolean>;
  fail(error: Error): void;
}

let groups = 0;
const firstRetryMs = 2000;
const longestRetryMs = 60_000;

/**
 * Members below one znode, over a session that heals by itself (src/zookeeper/group.cpp).
 *
 * The client library alone would wait for ever when every server refuses its zxid. So a timer of the
 * session's timeout runs from each loss of the connection, and from the making of each handle: when it
 * fires, the group takes its session for expired and opens a new handle, with session 0 and zxid 0.
 */
export class Group extends EventEmitter<GroupEvents> {
  readonly #name = `zookeeper-group(${++groups})`;
  readonly #members = new GroupMembers();
  #state: State = 'DISCONNECTED';
  #client: RawClient | null = null;
  #connectTimer: NodeJS.Timeout | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #pending: Pending[] = [];
  /** Members as last told to listeners. */
  #told: readonly Membership[] = [];
  #error: Error | null = null;
  /** Calls run one after the other, as in Mesos' actor. */
  #turn: Promise<void> = Promise.resolve();

  constructor(readonly options: GroupOptions) {
    super();
    this.#startConnection();
  }

  /** Last known members, null while unknown. */
  get memberships(): readonly Membership[] | null {
    return this.#members.current;
  }

  /** Id of the session in lower-case hex, `0` before there is one. */
  get sessionId(): string {
    return this.#client?.sessionId ?? '0';
  }

  /**
   * Creates an ephemeral sequential znode; waits for a connection as long as it takes. When the reply
   * to a create is lost the create is repeated, so two znodes may stand.
   */
  join(data: Buffer, label: string | null): Promise<Membership> {
    return this.#submit((client) => this.#join(client, data, label));
  }

  /** False when the membership is not, or no longer, owned. */
  cancel(membership: Membership): Promise<boolean> {
    if (!this.#members.owns(membership.number) && this.#error === null) return Promise.resolve(false);
    return this.#submit((client) => this.#cancel(client, membership));
  }

  /** Body of a member's znode, null when there is none. */
  data(membership: Membership): Promise<Buffer | null> {
    const { number, label } = membership;
    return this.#submit((client) => this.#attempt(client, readMember(this.options.url.path, number, label), 'reject'));
  }

  /** Ends the session in order. The death of a process does not: its ephemerals live on for the session's timeout. */
  close(): void {
    this.removeAllListeners();
    this.#stop(new Error('the group is closed'));
  }

  #startConnection(): void {
    const { url, sessionTimeoutMs } = this.options;
    const client = openClient(url, sessionTimeoutMs);
    this.#client = client;
    this.#state = 'CONNECTING';
    this.#startTimer(client);
    client.on('connected', () => this.#connected(client));
    client.on('connecting', () => this.#reconnecting(client));
    client.on('expired', () => this.#expired());
    client.on('childrenChanged', () => void this.#enqueue(() => this.#updated(client)));
    client.on('deleted', () => this.#die('Unexpected ZooKeeper event'));
    client.on('fatal', (text) => this.#die(text));
  }

  #startTimer(client: RawClient): void {
    this.#stopTimer();
    this.#connectTimer = setTimeout(() => {
      logWarning(
        'Timed out waiting to connect to ZooKeeper. ' +
          `Forcing ZooKeeper session (sessionId=${client.sessionId}) expiration`,
      );
      this.#expired();
    }, client.timeoutMs);
  }

  #stopTimer(): void {
    if (this.#connectTimer) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }

  #stopRetrying(): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  #connected(client: RawClient): void {
    const again = this.#state !== 'CONNECTING';
    logInfo(`Group process (${this.#name}) ${again ? 'reconnected' : 'connected'} to ZooKeeper`);
    if (!again) this.#state = 'CONNECTED';
    // From here on the server itself says when the session is over.
    this.#stopTimer();
    void this.#enqueue(() => this.#syncOrRetry(client, scaled(firstRetryMs)));
  }

  #reconnecting(client: RawClient): void {
    logInfo('Lost connection to ZooKeeper, attempting to reconnect ...');
    this.#stopRetrying();
    this.#startTimer(client);
  }

  #expired(): void {
    logInfo('ZooKeeper session expired');
    this.#stopRetrying();
    this.#stopTimer();
    this.#client?.close();
    this.#client = null;
    this.#state = 'DISCONNECTED';
    this.#members.expire();
    this.#tell([]);
    this.emit('expired');
    if (this.#error === null) this.#startConnection();
  }

  async #updated(client: RawClient): Promise<void> {
    this.#members.invalidate();
    if (!(await this.#readMembers(client))) this.#retryLater(client, scaled(firstRetryMs));
  }

  async #syncOrRetry(client: RawClient, retryMs: number): Promise<void> {
    if (!(await this.#sync(client))) this.#retryLater(client, retryMs);
  }

  #retryLater(client: RawClient, delayMs: number): void {
    if (this.#retryTimer || client !== this.#client) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      void this.#enqueue(() => this.#syncOrRetry(client, Math.min(delayMs * 2, scaled(longestRetryMs))));
    }, delayMs);
  }

  /** Brings the session to READY and works off what waits for it; false when to be tried again. */
  async #sync(client: RawClient): Promise<boolean> {
    const { url } = this.options;
    if (this.#state === 'CONNECTED') {
      if (url.credentials !== null) logInfo('Authenticating with ZooKeeper using digest');
      this.#state = 'AUTHENTICATED';
    }
    if (this.#state === 'AUTHENTICATED') {
      logInfo(`Trying to create path '${url.path}' in ZooKeeper`);
      if ((await this.#attempt(client, ensureGroup(url.path), 'abort')) === 'later') return false;
      this.#state = 'READY';
    }
    for (let next = this.#pending[0]; next; next = this.#pending[0]) {
      if (!(await next.run(client))) return false;
      this.#pending.shift();
    }
    return this.#members.current !== null || this.#readMembers(client);
  }

  async #readMembers(client: RawClient): Promise<boolean> {
    const read = await this.#attempt(client, listMembers(this.options.url.path), 'abort');
    if (read === 'later') return false;
    this.#tell(this.#members.update(read.result));
    return true;
  }

  #submit<Result>(call: (client: RawClient) => Promise<{ result: Result } | 'later'>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        run: async (client) => {
          try {
            const answer = await call(client);
            if (answer === 'later') return false;
            resolve(answer.result);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
          return true;
        },
        fail: reject,
      };
      void this.#enqueue(async () => {
        if (this.#error) return reject(this.#error);
        const client = this.#client;
        const usable = client !== null && this.#state === 'READY';
        if (usable && this.#pending.length === 0 && (await pending.run(client))) return;
        // The attempt may have ended the group, which then cannot know of this call.
        this.#pending.push(pending);
        this.#failPendingOnceStopped();
        if (usable) this.#retryLater(client, scaled(firstRetryMs));
      });
    });
  }

  async #join(client: RawClient, data: Buffer, label: string | null): Promise<{ result: Membership } | 'later'> {
    const added = await this.#attempt(client, addMember(this.options.url.path, label, data), 'reject');
    return added === 'later' ? 'later' : { result: this.#members.join(added.result, label) };
  }

  async #cancel(client: RawClient, { number, label }: Membership): Promise<{ result: boolean } | 'later'> {
    if (!this.#members.owns(number)) return { result: false };
    const removed = await this.#attempt(client, removeMember(this.options.url.path, number, label), 'reject');
    if (removed !== 'later' && removed.result) this.#members.cancel(number);
    return removed;
  }

  /** One call on a handle: its result, or `later` when the code is retryable or the handle is no longer ours. */
  async #attempt<Result>(
    client: RawClient,
    request: GroupRequest<Result>,
    otherwise: 'abort' | 'reject',
  ): Promise<{ result: Result } | 'later'> {
    if (client !== this.#client) return 'later';
    try {
      const result = await request.run(client);
      // The session may have ended meanwhile: what was done in it no longer counts.
      return client === this.#client ? { result } : 'later';
    } catch (error) {
      if (client !== this.#client) return 'later';
      if (!(error instanceof ZkError)) throw error;
      const kind = reaction(error.code);
      const text = request.describe(error.message);
      if (kind === 'give up' && otherwise === 'reject') throw new Error(text, { cause: error });
      if (kind === 'give up') this.#abort(text);
      if (kind === 'die') this.#die(`Unknown ZooKeeper code: ${error.code}`);
      return 'later';
    }
  }

  #tell(members: readonly Membership[]): void {
    const unchanged =
      members.length === this.#told.length && members.every(({ number }, at) => number === this.#told[at]?.number);
    this.#told = members;
    if (!unchanged) this.emit('memberships', members);
  }

  /** Runs after everything asked for before; an error in one turn is a fault of this class and must not hide. */
  #enqueue(turn: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(turn);
    return this.#turn;
  }

  #abort(text: string): void {
    logError(`Group aborting: ${text}`);
    this.#stop(new Error(text));
    this.emit('aborted', text);
  }

  #die(text: string): void {
    this.#stop(new Error(text));
    this.emit('fatal', text);
  }

  #stop(error: Error): void {
    this.#error ??= error;
    this.#stopRetrying();
    this.#stopTimer();
    this.#client?.close();
    this.#client = null;
    this.#members.expire();
    this.#failPendingOnceStopped();
  }

  #failPendingOnceStopped(): void {
    if (this.#error === null) return;
    for (const pending of this.#pending.splice(0)) pending.fail(this.#error);
  }
}
