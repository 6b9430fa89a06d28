import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration, scaled } from '../duration.js';
import { logInfo } from '../log.js';
import { Group, type Membership } from './group.js';
import { LogNetwork } from './log-network.js';
import { Replica } from './replica.js';
import type { LogEntry, RecoverReply, ReplicaStatus, ReplicaTransport, WriteReply } from './replica-transport.js';
import type { ZkUrl } from './zk-url.js';

export interface ReplicatedLogOptions {
  /** The master's URL; the log's group is `<path>/log_replicas`. */
  readonly url: ZkUrl;
  readonly sessionTimeoutMs: number;
  readonly quorum: number;
  /** Own UPID, `log-replica(1)@ip:port`. */
  readonly self: string;
  /** Folder of the replica's state, for example `work_dir/replicated_log`; created when missing. */
  readonly dir: string;
  readonly peers: ReplicaTransport;
}

export interface ReplicatedLogEvents {
  /** The own replica votes: at once after a restart, after about a second in a new cluster. */
  recovered: [];
  /** LOG(FATAL) with this text. */
  fatal: [text: string];
}

const retryMs = 500;

/**
 * The masters' shared registry: one value, kept by a quorum of replicas and owned by whoever made the
 * highest proposal last (a stand-in for src/log, which keeps a whole log). Two ZooKeeper sessions: one
 * that keeps the own replica listed, one that watches who else is.
 *
 * Kinder than Mesos in one point: a step that too few peers answered is asked again until its limit,
 * so a message lost to a restarting peer does not fail it.
 */
export class ReplicatedLog extends EventEmitter<ReplicatedLogEvents> {
  readonly replica: Replica;
  readonly #group: Group;
  readonly #network: LogNetwork;
  readonly #closed = new AbortController();
  /** Own proposal while this log is the writer, as far as it knows. */
  #proposal: number | null = null;
  #highestSeen = 0;
  #entry: LogEntry = { position: 0, proposal: 0, value: null };
  #turn: Promise<unknown> = Promise.resolve();

  constructor(readonly options: ReplicatedLogOptions) {
    super();
    const { url, sessionTimeoutMs, self, dir } = options;
    this.replica = new Replica(dir);
    const groupOptions = { url: { ...url, path: `${url.path}/log_replicas` }, sessionTimeoutMs };
    this.#network = new LogNetwork(groupOptions, self);
    this.#network.on('fatal', (text) => this.emit('fatal', text));
    this.#group = new Group(groupOptions);
    this.#group.on('fatal', (text) => this.emit('fatal', text));
    this.#group.on('aborted', (text) => this.#notParticipating(text));
    void this.#participate();
    void this.#recover();
  }

  /** Metric `registrar/log/ensemble_size`: replicas known through the group, self always among them. */
  get ensembleSize(): number {
    return this.#network.peers.size;
  }

  /** Metric `registrar/log/recovered`: the own replica votes. */
  get recovered(): boolean {
    return this.replica.status === 'VOTING';
  }

  /**
   * Takes the log over and returns the registry, null when it was never written.
   *
   * @throws Error `Failed to perform fetch within 1mins` after `limitMs`; the master aborts with
   * `Recovery failed: Failed to recover registrar: ${text}`.
   */
  fetch(limitMs: number): Promise<string | null> {
    return this.#within(limitMs, 'fetch', async (signal) => {
      for (;;) {
        await this.#network.atLeast(this.options.quorum, signal);
        if (await this.#takeOver()) return this.#entry.value;
        await delay(scaled(retryMs) * Math.random(), undefined, { signal });
      }
    });
  }

  /**
   * Stores the registry at a quorum. Calls run one after the other.
   *
   * @throws Error `Failed to perform store within 20secs`, or `version mismatch` when another master
   * has taken the log over; the master aborts with `Failed to update registry: ${text}`.
   */
  store(state: string, limitMs: number): Promise<void> {
    return this.#within(limitMs, 'store', async (signal) => {
      if (this.#proposal === null) throw new Error('version mismatch');
      const entry = { position: this.#entry.position + 1, proposal: this.#proposal, value: state };
      for (;;) {
        await this.#network.atLeast(this.options.quorum, signal);
        const outcome = await this.#write(entry);
        if (outcome === 'accepted') return;
        if (outcome === 'rejected') throw new Error('version mismatch');
        await delay(scaled(retryMs) * Math.random(), undefined, { signal });
      }
    });
  }

  close(): void {
    this.#closed.abort();
    this.removeAllListeners();
    this.#network.close();
    this.#group.close();
  }

  async #participate(): Promise<void> {
    const join = (): Promise<Membership> => this.#group.join(Buffer.from(this.options.self), null);
    try {
      for (;;) {
        const membership = await join();
        await membership.cancelled;
        if (this.#closed.signal.aborted) return;
        logInfo('Renewing replica group membership');
      }
    } catch (error) {
      this.#notParticipating((error as Error).message);
    }
  }

  #notParticipating(text: string): void {
    if (!this.#closed.signal.aborted) this.emit('fatal', `Failed to participate in ZooKeeper group: ${text}`);
  }

  async #recover(): Promise<void> {
    const { signal } = this.#closed;
    const { quorum } = this.options;
    const clusterSize = 2 * quorum - 1;
    while (!this.recovered && !signal.aborted) {
      try {
        await this.#network.atLeast(quorum, signal);
        const count = (replies: readonly RecoverReply[], ...statuses: ReplicaStatus[]): number =>
          replies.filter(({ status }) => statuses.includes(status)).length;
        const replies = await this.#ask(
          (peer) => this.options.peers.recover(peer),
          () => this.replica.recover(),
          (heard) => count(heard, 'VOTING') >= quorum || heard.length >= clusterSize,
        );
        if (this.recovered) break;
        if (count(replies, 'VOTING') >= quorum)
          this.replica.vote(newest(replies.filter(({ status }) => status === 'VOTING')));
        else if (this.replica.status === 'STARTING' && count(replies, 'STARTING', 'VOTING') >= clusterSize)
          this.replica.vote();
        else if (this.replica.status === 'EMPTY' && count(replies, 'EMPTY', 'STARTING') >= clusterSize)
          this.replica.start();
        else await delay(scaled(retryMs) * (1 + Math.random()), undefined, { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
    if (!signal.aborted) setImmediate(() => this.emit('recovered'));
  }

  /** Gathers promises of a quorum and settles the newest value they know; false when to be tried again. */
  async #takeOver(): Promise<boolean> {
    const proposal = Math.max(this.#highestSeen, this.replica.recover().promised) + 1;
    this.#highestSeen = proposal;
    const { quorum, peers } = this.options;
    const replies = await this.#ask(
      (peer) => peers.promise(peer, proposal),
      () => this.replica.promise(proposal),
      (heard) => heard.filter(({ okay }) => okay).length >= quorum,
    );
    for (const { promised } of replies) this.#highestSeen = Math.max(this.#highestSeen, promised);
    const granted = replies.filter(({ okay }) => okay);
    if (granted.length < quorum) return false;
    const { entry } = newest(granted);
    // The value may have reached a minority only; repeating it under the own proposal makes it certain.
    if ((await this.#write({ ...entry, proposal })) !== 'accepted') return false;
    this.#proposal = proposal;
    return true;
  }

  async #write(entry: LogEntry): Promise<'accepted' | 'rejected' | 'unheard'> {
    const { quorum, peers } = this.options;
    const accepted = (replies: readonly WriteReply[]): boolean => replies.filter(({ okay }) => okay).length >= quorum;
    const refused = (replies: readonly WriteReply[]): boolean =>
      replies.some(({ okay, ignored }) => !okay && ignored !== true);
    const replies = await this.#ask(
      (peer) => peers.write(peer, entry),
      () => this.replica.write(entry),
      (heard) => accepted(heard) || refused(heard),
    );
    if (refused(replies)) {
      this.#proposal = null;
      return 'rejected';
    }
    if (!accepted(replies)) return 'unheard';
    this.#entry = entry;
    return 'accepted';
  }

  /**
   * Asks every replica of the network, oneself without a detour, until `enough` or until all have
   * answered or failed.
   */
  #ask<Reply>(
    other: (peer: string) => Promise<Reply>,
    own: () => Reply,
    enough: (replies: readonly Reply[]) => boolean,
  ): Promise<Reply[]> {
    return new Promise((resolve) => {
      const replies: Reply[] = [];
      const asked = [...this.#network.peers].map(async (peer) => {
        replies.push(peer === this.options.self ? own() : await other(peer));
        if (enough(replies)) resolve(replies);
      });
      void Promise.allSettled(asked).then(() => resolve(replies));
    });
  }

  #within<Result>(limitMs: number, verb: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const run = async (): Promise<Result> => {
      const late = new Error(`Failed to perform ${verb} within ${formatDuration(limitMs)}`);
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(late), limitMs);
      const signal = AbortSignal.any([limit.signal, this.#closed.signal]);
      const expired = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(limit.signal.aborted ? late : new Error('the log is closed')));
      });
      try {
        return await Promise.race([work(signal), expired]);
      } finally {
        clearTimeout(timer);
      }
    };
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** The highest promise among them, and the entry that any chosen value must be. */
function newest(replies: readonly Pick<RecoverReply, 'promised' | 'entry'>[]): { promised: number; entry: LogEntry } {
  const entries = replies.map(({ entry }) => entry);
  const [entry] = entries.sort((a, b) => b.position - a.position || b.proposal - a.proposal);
  if (!entry) throw new RangeError('no replica answered');
  return { promised: Math.max(...replies.map(({ promised }) => promised)), entry };
}

/** What peers ask of this replica: path on the master's HTTP server → JSON body in, JSON body out. */
export function replicaHandlers(log: ReplicatedLog): Readonly<Record<string, (body: unknown) => unknown>> {
  return {
    '/mini/log/recover': () => log.replica.recover(),
    '/mini/log/promise': (body) => log.replica.promise((body as { proposal: number }).proposal),
    '/mini/log/write': (body) => log.replica.write(body as LogEntry),
  };
}
