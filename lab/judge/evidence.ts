import type { JournalRecord, MasterJournalRecord, SupervisorJournalRecord, WatchRecord } from '../contract.js';

export type ClaimRecord = Extract<WatchRecord, { kind: 'claim' }>;
export type ZnodeRecord = Extract<WatchRecord, { kind: 'znode' }>;
export type AgentRecord = Extract<WatchRecord, { kind: 'agent' }>;
export type TasksRecord = Extract<WatchRecord, { kind: 'tasks' }>;
export type ClusterRecord = Extract<WatchRecord, { kind: 'cluster' }>;
export type HeartbeatRecord = Extract<WatchRecord, { kind: 'heartbeat' }>;

/** Monotonic instants in ms, `from` inclusive, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** All records sorted into streams, each in the order of its `mono` stamps. */
export interface Evidence {
  readonly masters: readonly MasterJournalRecord[];
  readonly supervisor: readonly SupervisorJournalRecord[];
  readonly claims: ReadonlyMap<string, readonly ClaimRecord[]>;
  readonly znodes: ReadonlyMap<string, readonly ZnodeRecord[]>;
  readonly agents: ReadonlyMap<string, readonly AgentRecord[]>;
  readonly tasks: ReadonlyMap<string, readonly TasksRecord[]>;
  readonly cluster: readonly ClusterRecord[];
  readonly heartbeats: ReadonlyMap<string, readonly HeartbeatRecord[]>;
}

export function sortEvidence(journal: readonly JournalRecord[], watch: readonly WatchRecord[]): Evidence {
  const ordered = [...watch].sort((a, b) => a.mono - b.mono);
  const claims = ordered.filter((record) => record.kind === 'claim').sort((a, b) => a.begin - b.begin);
  return {
    masters: journal.filter((record) => record.kind === 'master').sort((a, b) => a.mono - b.mono),
    supervisor: journal.filter((record) => record.kind === 'supervisor').sort((a, b) => a.mono - b.mono),
    claims: byName(claims, (record) => record.master),
    znodes: byName(
      ordered.filter((record) => record.kind === 'znode'),
      (record) => record.server,
    ),
    agents: byName(
      ordered.filter((record) => record.kind === 'agent'),
      (record) => record.agent,
    ),
    tasks: byName(
      ordered.filter((record) => record.kind === 'tasks'),
      (record) => record.agent,
    ),
    cluster: ordered.filter((record) => record.kind === 'cluster'),
    heartbeats: byName(
      ordered.filter((record) => record.kind === 'heartbeat'),
      (record) => record.watcher,
    ),
  };
}

function byName<T>(records: readonly T[], nameOf: (record: T) => string): Map<string, T[]> {
  const streams = new Map<string, T[]>();
  for (const record of records) {
    const stream = streams.get(nameOf(record));
    if (stream) stream.push(record);
    else streams.set(nameOf(record), [record]);
  }
  return streams;
}
