import { FerryError } from '../domain/errors.js';

export class NoMigrationError extends FerryError {
  readonly code = 'FERRY_NO_MIGRATION';
  readonly retryable = false;
  override readonly remedy: string;
  /** @param near the cluster that was meant, if one of that name has a migration; `others`: all that have one. */
  constructor(cluster: string, namespace: string, near: string | null, others: readonly string[]) {
    super(`there is no migration of cluster ${cluster} in namespace ${namespace}`);
    const known = others.length === 0 ? 'none is known there' : `known there: ${others.join(', ')}`;
    this.remedy =
      (near === null ? `${known}; start one with zkferry start` : `did you mean ${near}? (${known})`) +
      '; another namespace or server: TEMPORAL_NAMESPACE, TEMPORAL_ADDRESS, TEMPORAL_PROFILE';
  }
}

/** The migration has heard the message and said no. */
export class RefusedError extends FerryError {
  readonly code = 'FERRY_REFUSED';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(cluster: string, reason: string) {
    super(reason);
    this.remedy = `zkferry status ${cluster} shows what it waits for`;
  }
}

/** Temporal answers, but no worker does. */
export class NoWorkerError extends FerryError {
  readonly code = 'FERRY_NO_WORKER';
  readonly retryable = true;
  override readonly remedy: string;
  constructor(cluster: string, why: string, remedy: string) {
    super(`no worker answers for the migration of cluster ${cluster}: ${why}`);
    this.remedy = remedy;
  }
}

/** It has ended without a result. */
export class MigrationFailedError extends FerryError {
  readonly code = 'FERRY_MIGRATION_FAILED';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(ended: string, cause: string) {
    super(`the migration has ended as ${ended}: ${cause}`);
    this.remedy =
      ended === 'TERMINATED'
        ? 'nothing was undone: zkferry doctor CLUSTER.yaml says what stands where and how to go back'
        : 'mend what it names and start it again; nothing was written';
  }
}
