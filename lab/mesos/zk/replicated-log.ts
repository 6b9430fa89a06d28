import { EventEmitter } from 'node:events';
import type { ReplicaTransport } from './replica-transport.js';
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
  /** LOG(FATAL) with this text. */
  fatal: [text: string];
}

/** The masters' shared registry: one value, kept by a quorum of replicas. Two ZooKeeper sessions. */
export class ReplicatedLog extends EventEmitter<ReplicatedLogEvents> {
  constructor(readonly options: ReplicatedLogOptions) {
    super();
  }

  /** Metric `registrar/log/ensemble_size`: replicas known through the group, self always among them. */
  get ensembleSize(): number {
    return 1;
  }

  /** Metric `registrar/log/recovered`: the own replica votes. */
  get recovered(): boolean {
    return false;
  }

  /**
   * Takes the log over and returns the registry, null when it was never written.
   *
   * @throws Error `Failed to perform fetch within 1mins` after `limitMs`; the master aborts with
   * `Recovery failed: Failed to recover registrar: ${text}`.
   */
  fetch(_limitMs: number): Promise<string | null> {
    return Promise.reject(new Error('not implemented'));
  }

  /**
   * Stores the registry at a quorum. Calls run one after the other.
   *
   * @throws Error `Failed to perform store within 20secs`, or `version mismatch` when another master
   * has taken the log over; the master aborts with `Failed to update registry: ${text}`.
   */
  store(_state: string, _limitMs: number): Promise<void> {
    return Promise.reject(new Error('not implemented'));
  }

  close(): void {}
}

/** What peers ask of this replica: path below the master's HTTP server → JSON body in, JSON body out. */
export function replicaHandlers(_log: ReplicatedLog): Readonly<Record<string, (body: unknown) => unknown>> {
  return {};
}
