import { FerryError } from './errors.js';

/** Another attempt has taken over, or the publisher was removed; the mirrors are no longer this one's. */
export class PublisherFencedError extends FerryError {
  readonly code = 'FERRY_PUBLISHER_FENCED';
  readonly retryable = false;
  override readonly remedy = 'nothing: the attempt that holds the owner znode publishes';
  constructor(path: string, seen: string) {
    super(`this publisher no longer owns ${path}: ${seen}`);
  }
}

/** The owner znode belongs to another migration. */
export class PublisherTakenError extends FerryError {
  readonly code = 'FERRY_PUBLISHER_TAKEN';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(path: string, migration: string) {
    super(`the publisher of migration ${migration} holds ${path} in target`);
    this.remedy = `wait for that migration to end; if it is gone for good, delete ${path}`;
  }
}

/** The publisher's key is missing, too short, or not the one that sealed what is in the owner znode. */
export class PublisherKeyError extends FerryError {
  readonly code = 'FERRY_PUBLISHER_KEY';
  readonly retryable = false;
  override readonly remedy =
    'let credentials.publisher refer to the same secret of at least 32 characters on every worker (openssl rand -base64 32)';
  constructor(problem: string) {
    super(`the publisher's key cannot be used: ${problem}`);
  }
}
