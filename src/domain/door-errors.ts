import { FerryError } from './errors.js';

/** An ensemble does not enforce ACLs, so its door cannot be closed. */
export class AclsNotEnforcedError extends FerryError {
  readonly code = 'FERRY_ACLS_NOT_ENFORCED';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(ensemble: string) {
    super(`${ensemble} lets anybody create a znode where its ACL lets nobody`);
    this.remedy = `take zookeeper.skipACL from the servers of ${ensemble} and restart them one by one`;
  }
}

/** What is only safe behind a closed door was asked for while masters could stand. */
export class DoorOpenError extends FerryError {
  readonly code = 'FERRY_DOOR_OPEN';
  readonly retryable = false;
  override readonly remedy = 'see who changed the ACL of the election path; close the door, then repeat';
  constructor(ensemble: string, path: string) {
    super(`the door of ${ensemble} is not closed: others than zkferry may create under ${path}`);
  }
}

/** Nothing speaks against an ensemble's masters but that these hosts cannot be looked at; each may be dead for good. */
export class MastersUnseenError extends FerryError {
  readonly code = 'FERRY_MASTERS_UNSEEN';
  readonly retryable = false;
  override readonly host: string | null;
  override readonly remedy = 'bring their hosts back, then retry';
  constructor(
    ensemble: string,
    override readonly hosts: readonly string[],
    seen: string,
  ) {
    super(`not proved that every master belongs to ${ensemble}, since hosts cannot be looked at: ${seen}`);
    this.host = hosts[0] ?? null;
  }
}

/** Znodes stand in an election that belong to none of the configured masters; they are not ours to delete. */
export class ForeignContenderError extends FerryError {
  readonly code = 'FERRY_FOREIGN_CONTENDER';
  readonly retryable = false;
  override readonly remedy = 'find the process behind the address and stop it, or delete the znode by hand';
  constructor(ensemble: string, znodes: readonly string[]) {
    super(`${znodes.join(', ')} in ${ensemble} belong to none of the configured masters`);
  }
}
