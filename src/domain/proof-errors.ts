import { FerryError } from './errors.js';

/** Nothing answers at an address: refused (nobody listens there) or silent (time-out, reset). */
export class NoAnswerError extends FerryError {
  readonly code = 'FERRY_NO_ANSWER';
  readonly retryable = true;
  override readonly remedy = 'see whether the process runs and whether a firewall lies between it and the worker';
  constructor(
    override readonly host: string,
    /** For example `10.0.0.1:2181`. */
    readonly endpoint: string,
    asked: string,
    /** True when the connection was refused: no process listens there. */
    readonly refused: boolean,
    reason: string,
  ) {
    super(`${host} (${endpoint}) did not answer ${asked}: ${reason}`);
  }
}

/** A ZooKeeper server does not allow a four-letter word, and no admin server answered instead. */
export class ProbeRefusedError extends FerryError {
  readonly code = 'FERRY_PROBE_REFUSED';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(
    override readonly host: string,
    readonly word: string,
  ) {
    super(`${host} does not allow the four-letter word ${word}`);
    this.remedy = `allow it with 4lw.commands.whitelist=srvr,mntr,stat,cons,dump,conf in zoo.cfg of ${host} and restart it, or enable its admin server`;
  }
}

/** A ZooKeeper server runs but has no quorum, so that what it would tell about its clients means nothing. */
export class NotServingError extends FerryError {
  readonly code = 'FERRY_NOT_SERVING';
  readonly retryable = true;
  override readonly remedy = 'wait until its ensemble has elected a leader; see its log when that lasts';
  constructor(
    override readonly host: string,
    asked: string,
  ) {
    super(`${host} is not serving and answers ${asked} with nothing`);
  }
}

/** No server of an ensemble took a session. */
export class EnsembleUnreachableError extends FerryError {
  readonly code = 'FERRY_ENSEMBLE_UNREACHABLE';
  readonly retryable = true;
  override readonly remedy = 'see whether the servers run, are in quorum, and take connections from the worker';
  constructor(servers: readonly string[], timeoutMs: number, reason: string) {
    super(`no session with any of ${servers.join(', ')} within ${String(timeoutMs)} ms: ${reason}`);
  }
}

/** The session that was to be resumed has ended: its ephemeral znodes are gone, only a new one helps. */
export class SessionExpiredError extends FerryError {
  readonly code = 'FERRY_SESSION_EXPIRED';
  readonly retryable = false;
  override readonly remedy = 'open a new session and create again what the old one held';
  constructor(servers: readonly string[]) {
    super(`the session to be resumed with ${servers.join(', ')} has expired`);
  }
}

/** ZooKeeper refused one operation. `reason` is its own name for the error, for example `NO_AUTH`. */
export class ZnodeError extends FerryError {
  readonly code = 'FERRY_ZNODE';
  readonly retryable: boolean;
  override readonly remedy: string;
  constructor(
    operation: string,
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${operation} ${path} failed: ${reason}`);
    this.retryable = ['CONNECTION_LOSS', 'OPERATION_TIMEOUT', 'SESSION_EXPIRED', 'CLOSED'].includes(reason);
    this.remedy = this.retryable
      ? 'the connection to the ensemble was lost; repeating the operation is safe'
      : 'see the ACL of the znode and the credentials in the configuration';
  }
}

/** Mesos answered with a status that is none of the expected ones. */
export class MesosHttpError extends FerryError {
  readonly code = 'FERRY_MESOS_HTTP';
  readonly retryable = true;
  override readonly remedy = 'see the log of that Mesos process';
  constructor(
    override readonly host: string,
    path: string,
    readonly status: number,
    detail: string,
  ) {
    super(`${host}${path} answered ${String(status)}${detail === '' ? '' : `: ${detail}`}`);
  }
}

/** 401 or 403. */
export class MesosAuthError extends FerryError {
  readonly code = 'FERRY_MESOS_AUTH';
  readonly retryable = false;
  override readonly remedy = 'set credentials.mesos to a principal that may read flags, metrics and state';
  constructor(
    override readonly host: string,
    path: string,
    readonly status: 401 | 403,
  ) {
    super(`${host}${path} refused the credentials (${String(status)})`);
  }
}

/** A master sends its caller to the leading master instead. */
export class NotLeaderError extends FerryError {
  readonly code = 'FERRY_NOT_LEADER';
  readonly retryable = true;
  override readonly remedy = 'ask the leading master';
  constructor(
    override readonly host: string,
    /** `host:port` of the leading master as this master sees it, or null. */
    readonly leader: string | null,
  ) {
    super(`${host} does not lead${leader === null ? '' : `; it names ${leader}`}`);
  }
}

/** Two masters claim to lead at once. */
export class SplitBrainError extends FerryError {
  readonly code = 'FERRY_SPLIT_BRAIN';
  readonly retryable = false;
  override readonly remedy =
    'stop all claimants but the one that the agents follow, then look at the ensembles they use';
  constructor(readonly masters: readonly string[]) {
    super(`${masters.join(' and ')} both claim to lead`);
  }
}

/** Another migration holds the lock znode. */
export class LockedError extends FerryError {
  readonly code = 'FERRY_LOCKED';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(path: string, held: string) {
    super(`another migration holds ${path} in source: ${held}`);
    this.remedy = `wait for it to end; if it has ended half undone, zkferry doctor, then zkferry start --take-over (it holds ${path})`;
  }
}

/** What had to be proved was not seen within its patience. `seen` says what was seen last. */
export class NotProvedError extends FerryError {
  readonly code = 'FERRY_NOT_PROVED';
  readonly retryable: boolean;
  override readonly remedy: string;
  constructor(
    override readonly host: string | null,
    what: string,
    seen: string,
    options: { readonly retryable?: boolean; readonly remedy?: string } = {},
  ) {
    super(`${host === null ? '' : `${host}: `}not proved that ${what}; last seen: ${seen}`);
    this.retryable = options.retryable ?? false;
    this.remedy = options.remedy ?? 'look at the host and its logs, then decide to retry or to roll back';
  }
}

/** Something that had to hold all the time does not hold any more. */
export class InvariantError extends FerryError {
  readonly code = 'FERRY_INVARIANT';
  readonly retryable = false;
  override readonly remedy = 'look at the cluster before anything else; rollback stays possible until complete';
  constructor(
    invariant: string,
    seen: string,
    override readonly host: string | null = null,
  ) {
    super(`${invariant} does not hold: ${seen}`);
  }
}
