import type { EventEmitter } from 'node:events';

export interface RawClientEvents {
  /** At the first connection and after each reconnection within the session. */
  connected: [];
  /** The connection of a session is lost; the client tries again by itself. */
  connecting: [];
  /** By the server's word alone: no client ever expires by itself. It is useless from now on. */
  expired: [];
  /** The children of a watched znode changed; the watch is spent. */
  childrenChanged: [path: string];
  /** A watched znode is gone. */
  deleted: [path: string];
  /** No handle could be made within ten minutes, or the server refused the credentials. */
  fatal: [text: string];
}

/**
 * One ZooKeeper handle: one session, servers in an order of its own, a pause of a third of the session's
 * timeout after a sweep over all servers failed. Every call rejects with a `ZkError`, at the latest at `close`.
 */
export interface RawClient extends EventEmitter<RawClientEvents> {
  /** Lower-case hex; `0` before the first connection. */
  readonly sessionId: string;
  /** Negotiated, or as asked for before the first connection. */
  readonly timeoutMs: number;
  create(path: string, data: Buffer, mode: 'persistent' | 'ephemeralSequential'): Promise<string>;
  exists(path: string): Promise<boolean>;
  /** Names of the children; leaves a one-shot watch. */
  children(path: string): Promise<string[]>;
  get(path: string): Promise<Buffer>;
  remove(path: string): Promise<void>;
  /** Ends the session when connected, and silences the handle. */
  close(): void;
}
