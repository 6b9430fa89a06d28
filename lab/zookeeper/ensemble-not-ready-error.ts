import { FerryError } from '../../src/domain/errors.js';

/** Servers of a lab ensemble did not come to serve together in time. */
export class EnsembleNotReadyError extends FerryError {
  readonly code = 'FERRY_LAB_ENSEMBLE_NOT_READY';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(states: readonly string[], patienceMs: number, dir: string) {
    super(`ensemble in ${dir} did not serve within ${patienceMs} ms: ${states.join(', ')}`);
    this.remedy = `read ${dir}/*/zookeeper.log`;
  }
}
