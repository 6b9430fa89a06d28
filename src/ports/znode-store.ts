import type { ServerAddress } from './server-probe.js';

/** Opens sessions with an ensemble. */
export interface ZnodeStore {
  /**
   * Opens a session and waits until it is connected.
   * @param credentials `user:password` for the digest scheme, already resolved, or null.
   * @throws EnsembleUnreachableError when no server takes the session within `timeoutMs`.
   */
  connect(
    servers: readonly ServerAddress[],
    options: { readonly credentials: string | null; readonly timeoutMs: number },
    signal: AbortSignal,
  ): Promise<ZnodeSession>;
}

/** One session. Every call rejects with a `FerryError`; a znode that is not there is null, not an error. */
export interface ZnodeSession {
  /** `0x…`. */
  readonly sessionId: string;
  children(path: string): Promise<string[] | null>;
  read(path: string): Promise<Znode | null>;
  acl(path: string): Promise<readonly Acl[] | null>;
  /** @returns the path created, or null when it was already there. */
  create(path: string, data: Buffer, acl: readonly Acl[], kind: 'persistent' | 'ephemeral'): Promise<string | null>;
  setData(path: string, data: Buffer): Promise<void>;
  setAcl(path: string, acl: readonly Acl[]): Promise<void>;
  /** @returns false when it was not there. */
  remove(path: string): Promise<boolean>;
  /** Closes the session and waits for it; never throws. */
  close(): Promise<void>;
}

export interface Znode {
  readonly data: Buffer;
  /** `0x0` for persistent znodes. */
  readonly ephemeralOwner: string;
  readonly czxid: bigint;
  readonly cversion: number;
  readonly numChildren: number;
}

export interface Acl {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}
