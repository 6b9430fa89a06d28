import type { MigrationStatus } from '../../src/domain/status.js';

/** What a migration of cluster `c` says that does nothing in particular. */
export function aStatus(part: Partial<MigrationStatus> = {}): MigrationStatus {
  return {
    schemaVersion: 1,
    cluster: 'c',
    strategy: 'observers',
    state: 'running',
    phase: 'preflight',
    planHash: null,
    progress: { done: 0, total: 0, failed: 0, etaMs: null },
    waitingFor: null,
    window: null,
    rollback: { possible: true, cost: 'none', estimateMs: null },
    incidents: [],
    timeline: [],
    approvals: [],
    decisions: [],
    ...part,
  };
}
