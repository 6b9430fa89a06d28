import { FerryError } from '../src/domain/errors.js';

/** A Temporal server of the lab did not come to serve. */
export class TemporalNotReadyError extends FerryError {
  readonly code = 'FERRY_LAB_TEMPORAL_NOT_READY';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(address: string, reason: string, logFile: string) {
    super(`the Temporal server at ${address} does not serve: ${reason}`);
    this.remedy = `read ${logFile}`;
  }
}
