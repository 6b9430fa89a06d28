import type { MigrationStatus } from '../../src/domain/status.js';
import { status as migrated } from './reports.js';

const planHash = '0123456789abcdef'.repeat(4);
const at = (time: string): string => `2026-01-01T00:${time}.000Z`;

const base: MigrationStatus = {
  ...migrated,
  cluster: 'lab',
  state: 'running',
  phase: 'move-agents',
  planHash,
  progress: { done: 0, total: 0, failed: 0, etaMs: null },
  rollback: { possible: true, cost: 'every moved agent restarts once more, back onto source', estimateMs: 40_000 },
  window: {
    budgetMs: 75_000,
    forecastMs: 21_000,
    derivation:
      'forecast 21.0 s = stop 2.0 s (measured) + start and sync 9.0 s (measured) + election 10.0 s (assumed); reserve 31.5 s',
    openedAt: null,
    turnBackAt: null,
    pointOfNoReturnAt: null,
    leaderlessMs: null,
    coordinationMs: null,
    lastAgentMs: null,
  },
  timeline: [
    { phase: 'preflight', startedAt: at('00:00'), endedAt: at('00:02'), outcome: 'done' },
    { phase: 'gate begin', startedAt: at('00:02'), endedAt: at('05:00'), outcome: 'done' },
    { phase: 'move-agents', startedAt: at('05:00'), endedAt: at('06:00'), outcome: 'done' },
  ],
};

/** Agents roll; one failed and is being decided. */
export const onTheMove: MigrationStatus = {
  ...base,
  progress: { done: 4, total: 10, failed: 1, etaMs: 180_000 },
  timeline: [
    ...base.timeline.slice(0, 2),
    { phase: 'move-agents', startedAt: at('05:00'), endedAt: null, outcome: 'running' },
  ],
  incidents: [
    {
      id: 'i1',
      phase: 'move-agents',
      code: 'FERRY_STRAGGLERS',
      host: 'a3',
      message: 'a3 has not registered again within 60 s of its restart, and its unit is said to be running',
      remedy: 'see why the agent does not come back, then decide: retry, skip or rollback',
      openedAt: at('07:00'),
      closedAt: null,
    },
  ],
};

/** Waits for the approval of the cut-over. */
export const atGate: MigrationStatus = {
  ...base,
  state: 'awaiting-approval',
  phase: 'gate cut-over',
  timeline: [...base.timeline, { phase: 'gate cut-over', startedAt: at('06:00'), endedAt: null, outcome: 'running' }],
  waitingFor: {
    what: `approval of gate cut-over for plan ${planHash}`,
    since: at('06:00'),
    next:
      `zkferry approve lab --gate cut-over --plan-hash ${planHash} --by NAME\n` +
      `temporal workflow update execute --workflow-id zkferry-lab --name approve ` +
      `--input '{"gate":"cut-over","by":"NAME","planHash":"${planHash}"}'`,
  },
};

/** Inside the critical window, at 00:10:00 with 20 s to go. */
export const inTheWindow: MigrationStatus = {
  ...base,
  phase: 'cut-over',
  window: base.window && { ...base.window, openedAt: at('09:36'), turnBackAt: at('10:20') },
  timeline: [...base.timeline, { phase: 'cut-over', startedAt: at('09:35'), endedAt: null, outcome: 'running' }],
};

export const stranded: MigrationStatus = {
  ...base,
  state: 'stranded',
  rollback: {
    possible: false,
    cost: 'the migration has ended half undone; next: zkferry doctor CLUSTER.yaml, which says what stands where and how to finish',
    estimateMs: null,
  },
};
