/** Asks the durable engine what it still runs. */
export interface MigrationRuns {
  /**
   * Names of what is still running for a cluster: the migration with this id, and windows and fleets of
   * any migration of the cluster, which outlive one that was terminated.
   */
  running(cluster: string, migration: string): Promise<readonly string[]>;
}
