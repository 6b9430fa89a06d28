import type { JournalRecord, MasterJournalRecord, WatchRecord } from '../../lab/contract.js';

export const EPOCH = 1_700_000_000_000;
export const on = (mono: number) => ({ at: EPOCH + mono, mono });

export const says = (mono: number, name: string, pid: number, event: MasterJournalRecord['event']): JournalRecord => ({
  ...on(mono),
  kind: 'master',
  name,
  pid,
  id: `id-${pid}`,
  event,
});
export const exits = (mono: number, host: string, pid: number, unit = 'mesos-master'): JournalRecord => ({
  ...on(mono),
  kind: 'supervisor',
  host,
  unit,
  event: 'exit',
  pid,
  code: null,
  signal: 'SIGTERM',
});
export const claim = (
  mono: number,
  master: string,
  elected: boolean | null,
  process: number | null = null,
): WatchRecord => ({
  ...on(mono),
  kind: 'claim',
  master,
  begin: mono,
  end: mono + 2,
  elected,
  process,
});
export const refused = (mono: number, master: string): WatchRecord =>
  ({ ...claim(mono, master, null), answer: 'refused' }) as WatchRecord;

/** One read of a server; `contenders` default to one name made of the leader's id. */
export const znode = (
  mono: number,
  server: string,
  ensemble: 'source' | 'target' | 'observers',
  id: string | null,
  contenders: readonly string[] = id === null ? [] : [`json.info_000000000${id.slice(-1)}`],
) =>
  ({
    ...on(mono),
    kind: 'znode',
    server,
    ensemble,
    begin: mono,
    end: mono + 3,
    connected: true,
    contenders,
    leader: id === null ? null : { id, pid: `master@${id}` },
  }) satisfies WatchRecord;

export const cluster = (mono: number, leader: string) =>
  ({
    ...on(mono),
    kind: 'cluster',
    leader,
    activeAgentIds: ['A-S0'],
    frameworks: [{ id: 'F-0', name: 'lab-framework', connected: true }],
    tasksRunning: ['task1', 'task2'],
  }) satisfies WatchRecord;
