import type { HostConfig } from './config.js';
import { FerryError } from './errors.js';

/** No ssh connection came about; nothing ran. */
export class HostUnreachableError extends FerryError {
  readonly code = 'FERRY_HOST_UNREACHABLE';
  readonly retryable = true;
  override readonly remedy = 'see whether the host is up and whether its ssh port can be reached from the worker';
  override readonly host: string;
  constructor({ name, address, sshPort }: HostConfig, reason: string) {
    super(`${name} (${address}:${String(sshPort)}) cannot be reached by ssh: ${reason}`);
    this.host = name;
  }
}

/** The host's key is not the one that known_hosts pins, or none is pinned. */
export class HostKeyError extends FerryError {
  readonly code = 'FERRY_HOST_KEY';
  readonly retryable = false;
  override readonly remedy: string;
  override readonly host: string;
  constructor({ name, address, sshPort }: HostConfig, knownHosts: string, fingerprint: string, known: boolean) {
    const seen = `${name} (${address}:${String(sshPort)}) shows host key ${fingerprint}`;
    super(known ? `${seen}, but ${knownHosts} pins another one` : `${seen}, and ${knownHosts} pins none for it`);
    this.host = name;
    this.remedy = `verify the fingerprint on the host itself, then correct ${knownHosts}`;
  }
}

/** The host refused our login; nothing ran. */
export class LoginRefusedError extends FerryError {
  readonly code = 'FERRY_LOGIN_REFUSED';
  readonly retryable = false;
  override readonly remedy = 'check ssh.user and ssh.identity, and that the public key is authorised on the host';
  override readonly host: string;
  constructor({ name, sshUser }: HostConfig, reason: string) {
    super(`${name} refuses the login of ${sshUser}: ${reason}`);
    this.host = name;
  }
}

/** The link or the patience ended while a script may have been running: look before doing it again. */
export class UnknownOutcomeError extends FerryError {
  readonly code = 'FERRY_UNKNOWN_OUTCOME';
  readonly retryable = true;
  override readonly remedy = 'the step looks again by itself; if it keeps failing, see what holds the host up';
  override readonly host: string;
  constructor({ name }: HostConfig, script: string, reason: string) {
    super(`the outcome of ${script} on ${name} is unknown: ${reason}`);
    this.host = name;
  }
}

/** A newer stage, or another migration, owns the host (S2); nothing was changed. */
export class FencedError extends FerryError {
  readonly code = 'FERRY_FENCED';
  readonly retryable = false;
  override readonly remedy =
    'none: a later step has taken over; if it belongs to another migration, end that one first';
  constructor(
    override readonly host: string,
    script: string,
    reason: string,
  ) {
    super(`${script} on ${host} was fenced off: ${reason}`);
  }
}

/** A script found the host in a state in which its change would do harm, or could not make it. */
export class HostStepError extends FerryError {
  readonly code = 'FERRY_HOST_STEP';
  override readonly remedy: string;
  constructor(
    override readonly host: string,
    step: string,
    reason: string,
    readonly retryable: boolean,
    remedy = 'look at the host, mend what is named here, then retry',
  ) {
    super(`${step} on ${host} failed: ${reason}`);
    this.remedy = remedy;
  }
}

/** A unit could not be proved stopped; unknown counts as not stopped. */
export class NotStoppedError extends FerryError {
  readonly code = 'FERRY_NOT_STOPPED';
  readonly retryable = true;
  override readonly remedy = 'see what keeps the process alive on the host (a hung disk, a debugger)';
  constructor(
    override readonly host: string,
    unit: string,
    seen: string,
  ) {
    super(`${unit} on ${host} is not proved stopped: ${seen}`);
  }
}

/** The step came at or after its deadline, from which on nothing is started (S1). */
export class DeadlineError extends FerryError {
  readonly code = 'FERRY_DEADLINE';
  readonly retryable = false;
  override readonly remedy = 'none: the window turns back';
  constructor(
    override readonly host: string,
    step: string,
  ) {
    super(`${step} on ${host} was not done by the turn-back point; from then on nothing is started`);
  }
}

/** The worker stood still for longer than the step's heartbeat time-out, so another attempt has it; nothing was sent. */
export class GivenUpError extends FerryError {
  readonly code = 'FERRY_GIVEN_UP';
  readonly retryable = true;
  override readonly remedy = 'none: another attempt has taken over; see what held the worker up if it happens often';
  constructor(
    override readonly host: string | null,
    step: string,
  ) {
    super(
      `${step}${host === null ? '' : ` on ${host}`} was withheld: this worker stood still until the attempt was given up`,
    );
  }
}
