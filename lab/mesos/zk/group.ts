import { EventEmitter } from 'node:events';
import { scaled } from '../duration.js';
import { logError, logInfo, logWarning } from '../log.js';
import { createPath } from './create-path.js';
import { GroupMembers, type Membership } from './group-members.js';
import { memberName } from './member-names.js';
import { openClient } from './open-client.js';
import type { RawClient } from './raw-client.js';
import { reaction, zkCode, ZkError } from './zk-code.js';
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
    return this.#submit((client) => this.#data(client, membership));
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
      const made = await this.#attempt(
        client,
        () => createPath(client, url.path),
        'abort',
        (text) => {
          return `Failed to create '${url.path}' in ZooKeeper: ${text}`;
        },
      );
      if (made === 'later') return false;
      this.#state = 'READY';
    }
    for (let next = this.#pending[0]; next; next = this.#pending[0]) {
      if (!(await next.run(client))) return false;
      this.#pending.shift();
    }
    return this.#members.current !== null || this.#readMembers(client);
  }

  async #readMembers(client: RawClient): Promise<boolean> {
    const { path } = this.options.url;
    const read = await this.#attempt(
      client,
      () => client.children(path),
      'abort',
      (text) => {
        return `Non-retryable error attempting to get children of '${path}' in ZooKeeper: ${text}`;
      },
    );
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
            reject(error as Error);
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
        if (this.#error) return reject(this.#error);
        this.#pending.push(pending);
        if (usable) this.#retryLater(client, scaled(firstRetryMs));
      });
    });
  }

  async #join(client: RawClient, data: Buffer, label: string | null): Promise<{ result: Membership } | 'later'> {
    const prefix = `${this.options.url.path}/${label === null ? '' : `${label}_`}`;
    const create = (): Promise<string> => client.create(prefix, data, 'ephemeralSequential');
    const created = await this.#attempt(client, create, 'reject', (text) => {
      return `Failed to create ephemeral node at '${prefix}' in ZooKeeper: ${text}`;
    });
    if (created === 'later') return 'later';
    return { result: this.#members.join(Number(created.result.slice(prefix.length)), label) };
  }

  async #cancel(client: RawClient, membership: Membership): Promise<{ result: boolean } | 'later'> {
    if (!this.#members.owns(membership.number)) return { result: false };
    const path = this.#pathOf(membership);
    logInfo(`Trying to remove '${path}' in ZooKeeper`);
    const remove = async (): Promise<boolean> => {
      try {
        await client.remove(path);
        return true;
      } catch (error) {
        if (error instanceof ZkError && error.code === zkCode.noNode) return false;
        throw error;
      }
    };
    const removed = await this.#attempt(client, remove, 'reject', (text) => {
      return `Failed to remove ephemeral node '${path}' in ZooKeeper: ${text}`;
    });
    if (removed !== 'later' && removed.result) this.#members.cancel(membership.number);
    return removed;
  }

  async #data(client: RawClient, membership: Membership): Promise<{ result: Buffer | null } | 'later'> {
    const path = this.#pathOf(membership);
    logInfo(`Trying to get '${path}' in ZooKeeper`);
    const get = async (): Promise<Buffer | null> => {
      try {
        return await client.get(path);
      } catch (error) {
        if (error instanceof ZkError && error.code === zkCode.noNode) return null;
        throw error;
      }
    };
    return this.#attempt(client, get, 'reject', (text) => {
      return `Failed to get data for ephemeral node '${path}' in ZooKeeper: ${text}`;
    });
  }

  /** One call on a handle: its result, or `later` when the code is retryable or the handle is no longer ours. */
  async #attempt<Result>(
    client: RawClient,
    call: () => Promise<Result>,
    otherwise: 'abort' | 'reject',
    describe: (text: string) => string,
  ): Promise<{ result: Result } | 'later'> {
    if (client !== this.#client) return 'later';
    try {
      const result = await call();
      // The session may have ended meanwhile: what was done in it no longer counts.
      return client === this.#client ? { result } : 'later';
    } catch (error) {
      if (client !== this.#client) return 'later';
      if (!(error instanceof ZkError)) throw error;
      const kind = reaction(error.code);
      if (kind === 'give up' && otherwise === 'reject') throw new Error(describe(error.message), { cause: error });
      if (kind === 'give up') this.#abort(describe(error.message));
      if (kind === 'die') this.#die(`Unknown ZooKeeper code: ${error.code}`);
      return 'later';
    }
  }

  #pathOf({ number, label }: Membership): string {
    return `${this.options.url.path}/${memberName(number, label)}`;
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
    for (const pending of this.#pending.splice(0)) pending.fail(this.#error);
  }
}
