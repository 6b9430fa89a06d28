import type { ServerAddress } from './server-probe.js';

/** Opens sessions with an ensemble. */
export interface ZnodeStore {
  /**
   * Opens a session and waits until it is connected.
   * @throws EnsembleUnreachableError when no server takes the session within `timeoutMs`.
   */
  connect(servers: readonly ServerAddress[], options: ConnectOptions, signal: AbortSignal): Promise<ZnodeSession>;
  /**
   * Opens, or resumes, a session that outlives its connection.
   * @throws EnsembleUnreachableError when no server takes the session within `timeoutMs`; then it may still live.
   * @throws SessionExpiredError when the session to be resumed has ended.
   */
  connectHeld(servers: readonly ServerAddress[], options: HeldOptions, signal: AbortSignal): Promise<HeldSession>;
}

export interface ConnectOptions {
  /** `user:password` for the digest scheme, already resolved, or null. */
  readonly credentials: string | null;
  /** Further identities of the same session, likewise `user:password`. */
  readonly moreCredentials?: readonly string[];
  readonly timeoutMs: number;
}

export interface HeldOptions extends ConnectOptions {
  /** What is asked for; the servers clamp it to 2–20 ticks. */
  readonly sessionTimeoutMs: number;
  readonly resume?: SessionKey;
}

/** Whoever has it owns the session and its ephemeral znodes: a secret. */
export interface SessionKey {
  /** 16 hex digits. */
  readonly id: string;
  /** 32 hex digits. */
  readonly password: string;
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
  /**
   * @param version refuses any other one with BAD_VERSION; left out = whatever it is.
   * @returns the new version.
   */
  setData(path: string, data: Buffer, version?: number): Promise<number>;
  /** @param aclVersion refuses any other one with BAD_VERSION; left out = whatever it is. */
  setAcl(path: string, acl: readonly Acl[], aclVersion?: number): Promise<void>;
  /** @returns false when it was not there. */
  remove(path: string): Promise<boolean>;
  /**
   * All operations or none, decided by the ensemble's leader; so even a lone `check` is answered by a
   * quorum and syncs this session. After CONNECTION_LOSS or OPERATION_TIMEOUT either may be true.
   *
   * Version 0 is refused: the client would send "any version" instead, which is no fence.
   * @throws ZnodeError with reason and path of the first operation that failed.
   */
  commit(operations: readonly ZnodeOperation[]): Promise<void>;
  /** Closes the session and waits for it; never throws. */
  close(): Promise<void>;
}

/**
 * A session whose connection never comes back by itself: whoever lost it must first find out whether
 * it is still the owner, and then resume it with `key`.
 */
export interface HeldSession extends ZnodeSession {
  readonly key: SessionKey;
  /** As negotiated with the servers. */
  readonly sessionTimeoutMs: number;
  /** Aborted once the connection is lost, given up after an unanswered operation, let go, or closed. */
  readonly lost: AbortSignal;
  /** @param onChange called once, when the children change next; the same function is registered once. */
  children(path: string, onChange?: () => void): Promise<string[] | null>;
  /** Drops the connection and leaves the session to whoever resumes it, or to its timeout. */
  letGo(): void;
}

export type ZnodeOperation =
  | { readonly do: 'check'; readonly path: string; readonly version?: number }
  | {
      readonly do: 'create';
      readonly path: string;
      readonly data: Buffer;
      readonly acl: readonly Acl[];
      readonly kind: 'persistent' | 'ephemeral';
    }
  | { readonly do: 'setData'; readonly path: string; readonly data: Buffer; readonly version?: number }
  | { readonly do: 'remove'; readonly path: string; readonly version?: number };

export interface Znode {
  readonly data: Buffer;
  /** `0x0` for persistent znodes. */
  readonly ephemeralOwner: string;
  readonly czxid: bigint;
  readonly version: number;
  /** Counts changes of the ACL. */
  readonly aclVersion: number;
  readonly cversion: number;
  readonly numChildren: number;
}

export interface Acl {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}
