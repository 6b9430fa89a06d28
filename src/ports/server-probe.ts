/** Where a ZooKeeper server answers its clients. */
export interface ServerAddress {
  readonly name: string;
  readonly address: string;
  readonly clientPort: number;
}

/**
 * Asks ZooKeeper servers about themselves, over four-letter words or the admin server. All but `state`
 * throw NotServingError while the server has no quorum.
 */
export interface ServerProbe {
  /** @throws NoAnswerError when nothing answers on the client port. */
  state(server: ServerAddress, signal: AbortSignal): Promise<ServerState>;
  /** Clients connected to this server (`cons`). @throws ProbeRefusedError when not allowed there. */
  connections(server: ServerAddress, signal: AbortSignal): Promise<ClientConnection[]>;
  /** Ids of all sessions the ensemble leader knows (`dump`), lower-case hex with `0x`. */
  sessions(leader: ServerAddress, signal: AbortSignal): Promise<string[]>;
  /** Settings the server runs with (`conf`). @throws ProbeRefusedError when not allowed there. */
  settings(server: ServerAddress, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

export interface ServerState {
  readonly mode: 'leader' | 'follower' | 'observer' | 'standalone' | 'not-serving';
  /** For example `3.8.4`; null while not serving. */
  readonly version: string | null;
  /** 64-bit zxid; epoch = zxid >> 32n. Null while not serving. */
  readonly zxid: bigint | null;
}

export interface ClientConnection {
  readonly ip: string;
  readonly port: number;
  /** `0x…`, or null for a connection without a session (a four-letter word). */
  readonly sessionId: string | null;
}
