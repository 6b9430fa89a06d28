import { FerryError } from '../domain/errors.js';

/** What was asked for cannot be done as it was asked, and nothing was done: exit code 2. */
export abstract class UsageError extends FerryError {
  readonly retryable = false;
}
