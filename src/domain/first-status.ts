import type { MigrationStatus } from './status.js';

/** Where every migration begins. */
export function firstStatus(cluster: string, strategy: string): MigrationStatus {
  return {
    schemaVersion: 1,
    cluster,
    strategy,
    state: 'running',
    phase: 'preflight',
    planHash: null,
    progress: { done: 0, total: 0, failed: 0, etaMs: null },
    waitingFor: null,
    window: null,
    rollback: { possible: true, cost: 'nothing was written yet', estimateMs: 0 },
    incidents: [],
    timeline: [],
    approvals: [],
    decisions: [],
  };
}
