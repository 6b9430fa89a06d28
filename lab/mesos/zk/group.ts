import { EventEmitter } from 'node:events';
import type { ZkUrl } from './zk-url.js';

export interface GroupOptions {
  readonly url: ZkUrl;
  readonly sessionTimeoutMs: number;
}

/** One member; identified by its number alone, whatever its label (include/mesos/zookeeper/group.hpp). */
export interface Membership {
  /** The integer after the last `_` of its znode's name. */
  readonly number: number;
  readonly label: string | null;
  /** True: cancelled by its owner through `cancel`. False: gone by itself. */
  readonly cancelled: Promise<boolean>;
}

export interface GroupEvents {
  /** Sorted by number; on every change, and empty when the session expired. */
  memberships: [members: readonly Membership[]];
  /** The session is over, by the server's word or by the local timer; a new one is under way. */
  expired: [];
  /** A non-retryable error: every pending and later call rejects with it. */
  aborted: [text: string];
  /** What Mesos answers with LOG(FATAL): the process must end by SIGABRT with this text. */
  fatal: [text: string];
}

/** Members below one znode, over a session that heals by itself. */
export class Group extends EventEmitter<GroupEvents> {
  constructor(readonly options: GroupOptions) {
    super();
  }

  /** Last known members, null while unknown. */
  get memberships(): readonly Membership[] | null {
    return null;
  }

  /** Id of the session in lower-case hex, `0` before there is one. */
  get sessionId(): string {
    return '0';
  }

  /** Creates an ephemeral sequential znode; waits for a connection as long as it takes. */
  join(_data: Buffer, _label: string | null): Promise<Membership> {
    return Promise.reject(new Error('not implemented'));
  }

  /** False when the membership is not, or no longer, owned. */
  cancel(_membership: Membership): Promise<boolean> {
    return Promise.reject(new Error('not implemented'));
  }

  /** Body of a member's znode, null when there is none. */
  data(_membership: Membership): Promise<Buffer | null> {
    return Promise.reject(new Error('not implemented'));
  }

  /** Ends the session in order. The death of a process does not: its ephemerals live on for the session's timeout. */
  close(_options?: { readonly clean?: boolean }): void {}
}
