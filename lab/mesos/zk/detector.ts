import { EventEmitter } from 'node:events';
import { logError, logInfo, logWarning } from '../log.js';
import { Group, type Membership } from './group.js';
import type { MasterInfo } from './master-info.js';
import { parseMasterInfo } from './parse-master-info.js';
import type { ZkUrl } from './zk-url.js';

export interface DetectorEvents {
  /** Another leader, none, or the same one detected again. Silent while a first start finds nobody. */
  leader: [info: MasterInfo | null];
  /**
   * `Failed to detect the leading master: ${text}; committing suicide!` (master), `Failed to detect a
   * master: ${text}` (agent), exit 1.
   */
  failed: [text: string];
  /** LOG(FATAL) with this text. */
  fatal: [text: string];
}

/**
 * Learns who leads: the member with the lowest number, whatever its label or owner. Its body is read
 * once, when it becomes the leader; nobody watches bodies (src/zookeeper/detector.cpp,
 * src/master/detector/zookeeper.cpp).
 *
 * It reads the group from its construction on, but asks on behalf of its process only from the first
 * listener for `leader`: a failure before that is lost, and the process waits without a master.
 */
export class MasterDetector extends EventEmitter<DetectorEvents> {
  readonly #group: Group;
  #lowest: Membership | null = null;
  #leader: MasterInfo | null = null;
  #asked = false;
  /** A failed detection is told once; then nobody asks any more. */
  #failed: string | null = null;

  constructor(
    readonly url: ZkUrl,
    readonly sessionTimeoutMs: number,
  ) {
    super();
    this.#group = new Group({ url, sessionTimeoutMs });
    this.#group.on('fatal', (text) => this.emit('fatal', text));
    this.#group.on('memberships', (members) => this.#watched(members));
    this.#group.on('aborted', (text) => {
      logError(`Failed to watch memberships: ${text}`);
      logError(`Failed to detect the leader: ${text}`);
      this.#failed = text;
      this.#fail(text);
    });
    (this as EventEmitter).on('newListener', (name) => {
      if (name === 'leader' && !this.#asked) setImmediate(() => this.#ask());
    });
  }

  get sessionId(): string {
    return this.#group.sessionId;
  }

  /** The leader as last detected, null when there is none or it is not known. */
  get leader(): MasterInfo | null {
    return this.#leader;
  }

  close(): void {
    this.removeAllListeners();
    this.#group.close();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    if (this.#failed !== null) this.emit('failed', this.#failed);
    else if (this.#leader !== null) this.emit('leader', this.#leader);
  }

  #watched(members: readonly Membership[]): void {
    const current = members[0] ?? null;
    // A member is its number: one that was deleted and made again under the same number is the same.
    if (current?.number === this.#lowest?.number) return;
    this.#lowest = current;
    logInfo(`Detected a new leader: ${current ? `(id='${current.number}')` : 'None'}`);
    if (current) void this.#fetch(current);
    else this.#settle(null);
  }

  async #fetch(member: Membership): Promise<void> {
    let body: Buffer | null;
    try {
      body = await this.#group.data(member);
    } catch (error) {
      this.#fail((error as Error).message);
      return;
    }
    // Gone before it could be read, or counted under a name that is not its own.
    if (body === null) return this.#settle(null);
    let leader: MasterInfo;
    try {
      leader = parseMasterInfo(member.label, body);
    } catch (error) {
      this.#fail((error as Error).message);
      return;
    }
    if (member.label === null) logWarning(`Leading master ${leader.pid} has data in old format`);
    logInfo(`A new leading master (UPID=${leader.pid}) is detected`);
    this.#settle(leader);
  }

  #settle(leader: MasterInfo | null): void {
    this.#leader = leader;
    if (this.#asked) this.emit('leader', leader);
  }

  #fail(text: string): void {
    this.#leader = null;
    if (this.#asked) this.emit('failed', text);
  }
}
