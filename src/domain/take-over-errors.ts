import { FerryError } from './errors.js';

/** What is to be taken over has not ended: two would move the same hosts. */
export class TakeOverRunningError extends FerryError {
  readonly code = 'FERRY_TAKE_OVER_RUNNING';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(running: readonly string[]) {
    super(`still running: ${running.join(', ')}`);
    this.remedy =
      'a migration that runs goes back by zkferry rollback; a window goes back by itself: wait until it has ended, ' +
      'or end what does not (temporal workflow terminate), then take over again';
  }
}
