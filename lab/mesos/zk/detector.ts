import { EventEmitter } from 'node:events';
import type { MasterInfo } from './master-info.js';
import type { ZkUrl } from './zk-url.js';

export interface DetectorEvents {
  /** Another leader, none, or the same one detected again. Silent while a first start finds nobody. */
  leader: [info: MasterInfo | null];
  /** `Failed to detect the leading master: ${text}; committing suicide!` (master), `Failed to detect a master: ${text}` (agent), exit 1. */
  failed: [text: string];
  /** LOG(FATAL) with this text. */
  fatal: [text: string];
}

/**
 * Learns who leads. It reads the group from its construction on, but asks on behalf of its process
 * only from the first listener for `leader`: a failure before that is lost, as in Mesos.
 */
export class MasterDetector extends EventEmitter<DetectorEvents> {
  constructor(
    readonly url: ZkUrl,
    readonly sessionTimeoutMs: number,
  ) {
    super();
  }

  close(): void {}
}
