/** Peers are UPIDs: `log-replica(1)@ip:port`. */
export type ReplicaStatus = 'EMPTY' | 'STARTING' | 'VOTING';

/** What a replica stores: the registry as text, or null before the first write. */
export interface LogEntry {
  readonly position: number;
  /** Proposal under which the entry was accepted. */
  readonly proposal: number;
  readonly value: string | null;
}

export interface RecoverReply {
  readonly status: ReplicaStatus;
  readonly promised: number;
  readonly entry: LogEntry;
}

export interface PromiseReply {
  /** Not voting: the answer counts for nothing. */
  readonly ignored?: boolean;
  readonly okay: boolean;
  /** Highest proposal this replica has promised. */
  readonly promised: number;
  readonly entry: LogEntry;
}

export interface WriteReply {
  readonly ignored?: boolean;
  readonly okay: boolean;
  readonly promised: number;
}

/** How a log reaches its peers; a rejected promise is a peer that did not answer. */
export interface ReplicaTransport {
  recover(peer: string): Promise<RecoverReply>;
  promise(peer: string, proposal: number): Promise<PromiseReply>;
  write(peer: string, entry: LogEntry): Promise<WriteReply>;
}

/**
 * A transport over something that posts JSON to `path` of `ip:port` and returns the reply's text, such
 * as `messenger.ask`; the other end mounts `replicaHandlers`.
 */
export function postingTransport(
  ask: (address: string, path: string, body: string) => Promise<string>,
): ReplicaTransport {
  const post = async <Reply>(peer: string, verb: string, body: unknown): Promise<Reply> =>
    JSON.parse(await ask(peer.slice(peer.lastIndexOf('@') + 1), `/mini/log/${verb}`, JSON.stringify(body))) as Reply;
  return {
    recover: (peer) => post<RecoverReply>(peer, 'recover', {}),
    promise: (peer, proposal) => post<PromiseReply>(peer, 'promise', { proposal }),
    write: (peer, entry) => post<WriteReply>(peer, 'write', entry),
  };
}
