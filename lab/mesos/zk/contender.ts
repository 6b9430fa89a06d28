import { EventEmitter } from 'node:events';
import type { Membership } from './group.js';
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

/** Stands for election on behalf of one master. */
export class MasterContender extends EventEmitter<ContenderEvents> {
  constructor(
    readonly url: ZkUrl,
    readonly sessionTimeoutMs: number,
  ) {
    super();
  }

  /** Contends, after `lost` again; an earlier candidacy is withdrawn first. */
  contend(_info: MasterInfo): void {}

  close(): void {}
}
