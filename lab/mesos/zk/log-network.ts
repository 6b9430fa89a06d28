import { EventEmitter, once } from 'node:events';
import { scaled } from '../duration.js';
import { logInfo, logWarning } from '../log.js';
import { Group, type GroupOptions, type Membership } from './group.js';

export interface LogNetworkEvents {
  changed: [];
  fatal: [text: string];
}

const readLimitMs = 5000;

/**
 * The replicas that a log talks to: itself always, and everyone whose znode stands in the group now. A
 * peer whose znode goes is no peer any more (src/log/network.hpp).
 */
export class LogNetwork extends EventEmitter<LogNetworkEvents> {
  readonly #group: Group;
  #members: readonly Membership[] = [];
  #peers: ReadonlySet<string>;

  constructor(
    options: GroupOptions,
    private readonly self: string,
  ) {
    super();
    // As many steps of the log as there are wait for a quorum at once.
    this.setMaxListeners(0);
    this.#peers = new Set([self]);
    this.#group = new Group(options);
    this.#group.on('fatal', (text) => this.emit('fatal', text));
    this.#group.on('aborted', (text) => this.emit('fatal', `Failed to watch ZooKeeper group: ${text}`));
    this.#group.on('memberships', (members) => {
      logInfo('ZooKeeper group memberships changed');
      this.#members = members;
      void this.#collect(members);
    });
  }

  get peers(): ReadonlySet<string> {
    return this.#peers;
  }

  /** Resolves while at least `size` replicas are known; rejects with the signal's reason. */
  async atLeast(size: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#peers.size < size) await once(this, 'changed', { signal });
  }

  close(): void {
    this.#members = [];
    this.removeAllListeners();
    this.#group.close();
  }

  async #collect(members: readonly Membership[]): Promise<void> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), scaled(readLimitMs));
    const tooLate = new Promise<never>((_, reject) => {
      limit.signal.addEventListener('abort', () => reject(new Error('Timed out')));
    });
    let bodies: (Buffer | null)[];
    try {
      bodies = await Promise.race([Promise.all(members.map((member) => this.#group.data(member))), tooLate]);
    } catch (error) {
      if (members !== this.#members) return;
      logWarning(`Failed to get data for ZooKeeper group members: ${(error as Error).message}`);
      setImmediate(() => {
        if (members === this.#members) void this.#collect(members);
      });
      return;
    } finally {
      clearTimeout(timer);
    }
    if (members !== this.#members) return;
    const pids = bodies.flatMap((body) => (body ? [body.toString('utf8')] : []));
    logInfo(`ZooKeeper group PIDs: { ${[...new Set(pids)].sort().join(', ')} }`);
    this.#peers = new Set([this.self, ...pids]);
    this.emit('changed');
  }
}
