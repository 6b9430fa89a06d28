import type { Verdicts } from '../../lab/contract.js';
import type { MigrationStatus } from '../../src/domain/status.js';

/** A migration that arrived. */
export const status: MigrationStatus = {
  schemaVersion: 1,
  cluster: 'c',
  strategy: 'observers',
  state: 'migrated',
  phase: 'complete',
  planHash: 'h',
  progress: { done: 1, total: 1, failed: 0, etaMs: null },
  waitingFor: null,
  window: {
    budgetMs: 75_000,
    forecastMs: 9_000,
    derivation: null,
    openedAt: null,
    turnBackAt: null,
    pointOfNoReturnAt: null,
    leaderlessMs: 1,
    coordinationMs: 1,
    lastAgentMs: 1,
  },
  rollback: { possible: false, cost: '', estimateMs: null },
  incidents: [],
  timeline: [
    { phase: 'preflight', startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:02.500Z', outcome: 'done' },
    { phase: 'soak', startedAt: '2026-01-01T00:00:03.000Z', endedAt: null, outcome: 'running' },
  ],
  approvals: [],
  decisions: [],
};

/** What watchers saw of one without a flaw. */
export const verdicts: Verdicts = {
  leadersAtOnceMax: 1,
  samples: 10,
  largestGapMs: 120,
  proved: true,
  leadersSeen: 2,
  overlapMs: 0,
  ghostMs: 5,
  agentsLost: [],
  tasksLost: [],
  frameworksLost: [],
  wrongLeaderMs: 0,
  mirrorDelay: { changes: 200, p50Ms: 3, p99Ms: 8.1, maxMs: 12.4 },
  leaderlessMs: 2_000,
  coordinationMs: 2_100,
  lastAgentMs: 3_000,
  passed: true,
  reasons: [],
};
