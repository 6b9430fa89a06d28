import { EventEmitter } from 'node:events';
import { logInfo } from '../log.js';
import { Group, type Membership } from './group.js';
import type { MasterInfo } from './master-info.js';
import type { ZkUrl } from './zk-url.js';

export interface ContenderEvents {
  /** The contender's znode stands. */
  contending: [membership: Membership];
  /** The znode is gone though nobody withdrew it: a leader exits, a follower contends again. */
  lost: [];
  /** `Failed to contend: ${text}`, exit 1. */
  failed: [text: string];
  /** LOG(FATAL) with this text. */
  fatal: [text: string];
}

const masterInfoLabel = 'json.info';

/** Stands for election on behalf of one master, over a session of its own (src/zookeeper/contender.cpp). */
export class MasterContender extends EventEmitter<ContenderEvents> {
  readonly #group: Group;
  #candidacy: Promise<Membership> | null = null;

  constructor(
    readonly url: ZkUrl,
    readonly sessionTimeoutMs: number,
  ) {
    super();
    this.#group = new Group({ url, sessionTimeoutMs });
    this.#group.on('fatal', (text) => this.emit('fatal', text));
  }

  get sessionId(): string {
    return this.#group.sessionId;
  }

  /** Contends, after `lost` again; an earlier candidacy is withdrawn first. */
  contend(info: MasterInfo): void {
    const earlier = this.#candidacy;
    if (earlier) {
      logInfo('Withdrawing the previous membership before recontending');
      earlier.then((membership) => this.#group.cancel(membership)).catch(() => undefined);
    }
    logInfo('Joining the ZK group');
    const candidacy = this.#group.join(Buffer.from(JSON.stringify(info)), masterInfoLabel);
    this.#candidacy = candidacy;
    void this.#follow(candidacy);
  }

  async #follow(candidacy: Promise<Membership>): Promise<void> {
    let membership: Membership;
    try {
      membership = await candidacy;
    } catch (error) {
      if (candidacy === this.#candidacy) this.emit('failed', (error as Error).message);
      return;
    }
    if (candidacy !== this.#candidacy) return;
    logInfo(`New candidate (id='${membership.number}') has entered the contest for leadership`);
    this.emit('contending', membership);
    await membership.cancelled;
    if (candidacy !== this.#candidacy) return;
    logInfo(`Membership cancelled: ${membership.number}`);
    this.emit('lost');
  }

  /** Withdraws by ending the session. */
  close(): void {
    this.#candidacy = null;
    this.removeAllListeners();
    this.#group.close();
  }
}
