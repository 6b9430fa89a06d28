/**
 * What the parts of the lab agree on: the shape of `lab.json`, where things lie in the lab's folder,
 * and the records that masters, supervisor and watchers write and the judge reads.
 *
 * Layout of a lab folder DIR:
 *   lab.json  cluster.yaml
 *   ssh/{id_ed25519,known_hosts,…}   the operator's key and the hosts' public keys
 *   hosts/NAME/                      a host's root: etc/ usr/bin/ var/lib/ var/log/ run/
 *   journal/*.jsonl                  JournalRecord: what masters and the supervisor say of themselves
 *   watchers/*.jsonl                 WatchRecord: what the watchers saw
 */
export interface LabJson {
  readonly schemaVersion: 1;
  readonly dir: string;
  readonly cluster: string;
  readonly electionPath: string;
  readonly source: readonly LabServer[];
  readonly target: readonly LabServer[];
  readonly observers: readonly LabServer[];
  readonly masters: readonly LabProcess[];
  readonly agents: readonly LabProcess[];
  readonly frameworks: readonly LabProcess[];
  /** Factor on every Mesos duration, 1 = the real ones. */
  readonly factor: number;
  readonly watchers: {
    readonly dir: string;
    /** Source address of the watchers' ZooKeeper connections, accepted by name in cluster.yaml. */
    readonly address: string;
  };
  readonly journalDir: string;
  readonly temporal?: { readonly address: string; readonly uiPort: number | null };
}

/** `pid` is the service's main process when lab.json was written, null while it is not running. */
export interface LabServer {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  /** Where the server itself listens when a proxy of the lab stands at `host`; the watchers go there. */
  readonly direct?: string;
  readonly clientPort: number;
  readonly sshPort: number;
  readonly pid: number | null;
  readonly version: string;
  readonly root: string;
}

export interface LabProcess {
  readonly name: string;
  readonly host: string;
  readonly httpPort: number;
  readonly sshPort: number;
  readonly pid: number | null;
  readonly root: string;
}

/** Every record's two clocks: wall (ms since the epoch) and CLOCK_MONOTONIC (ms, one machine, all processes). */
export interface Stamp {
  readonly at: number;
  readonly mono: number;
}

/** Now, on both clocks. `process.hrtime` reads CLOCK_MONOTONIC, which all processes of a machine share. */
export function stamp(): Stamp {
  return { at: Date.now(), mono: Number(process.hrtime.bigint() / 1000n) / 1000 };
}

/** journal/<master>.jsonl, one line per event, written synchronously by the master itself. */
export type MasterJournalRecord = Stamp & {
  readonly kind: 'master';
  readonly name: string;
  readonly pid: number;
  /** MasterInfo id: fresh per process start. */
  readonly id: string;
  readonly event: 'started' | 'elected' | 'recovered' | 'conceded' | 'exiting';
  readonly reason?: string;
};

/** journal/supervisor.jsonl, written by the supervisor of the lab's hosts. */
export type SupervisorJournalRecord = Stamp & {
  readonly kind: 'supervisor';
  readonly host: string;
  readonly unit: string;
  readonly event: 'start' | 'exit';
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
};

export type JournalRecord = MasterJournalRecord | SupervisorJournalRecord;

/** watchers/leaders.jsonl: `begin`/`end` bracket one read on the monotonic clock (S8). */
export type WatchRecord =
  /** A ZooKeeper server's view of the election, on every change and ten times a second. */
  | (Stamp & {
      readonly kind: 'znode';
      readonly server: string;
      readonly ensemble: 'source' | 'target' | 'observers';
      readonly begin: number;
      readonly end: number;
      readonly connected: boolean;
      /** Names of all znodes that Mesos would count, ascending by number; empty when not connected. */
      readonly contenders: readonly string[];
      /** MasterInfo id and pid of the lowest contender; null = none or not reachable. */
      readonly leader: { readonly id: string; readonly pid: string } | null;
    })
  /** A master's own claim. `elected` null = did not answer. */
  | (Stamp & {
      readonly kind: 'claim';
      readonly master: string;
      readonly begin: number;
      readonly end: number;
      readonly elected: boolean | null;
      /** Identity of the process that answered (its pid). */
      readonly process: number | null;
      /**
       * How the read ended. `answered`: `elected` holds, or the process has no such metric yet (null);
       * `refused`: nobody listens there, so no process claims; `silent`: time-out, reset or nonsense,
       * which proves nothing. Missing = `answered`.
       */
      readonly answer?: 'answered' | 'refused' | 'silent';
    })
  | (Stamp & {
      readonly kind: 'agent';
      readonly agent: string;
      readonly id: string | null;
      readonly registered: boolean | null;
      readonly masterHostname: string | null;
    })
  /** Task processes alive, by task id → pid, read from the host (agent's checkpoint and /proc). */
  | (Stamp & { readonly kind: 'tasks'; readonly agent: string; readonly alive: Readonly<Record<string, number>> })
  | (Stamp & {
      readonly kind: 'cluster';
      readonly leader: string | null;
      readonly activeAgentIds: readonly string[];
      readonly frameworks: readonly { readonly id: string; readonly name: string; readonly connected: boolean }[];
      readonly tasksRunning: readonly string[];
      /** Agent id → when it (re-)registered with this leader, as the leader says, ms since the epoch. */
      readonly activeSince?: Readonly<Record<string, number>>;
    })
  /** A watcher process lives; one that was stopped in order says `stopped` last (watchers/heartbeat-*.jsonl). */
  | (Stamp & {
      readonly kind: 'heartbeat';
      readonly watcher: string;
      readonly pid: number;
      readonly event: 'started' | 'alive' | 'stopped';
    });

/** From a contender's coming or going in source to the same in target; null figures when nobody came or went. */
export interface MirrorDelay {
  readonly changes: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** The judge's verdicts for promises 1 and 2; figures in ms. */
export interface Verdicts {
  /** Processes whose leading intervals provably overlap, at most; 1 = never two. */
  readonly leadersAtOnceMax: number;
  readonly samples: number;
  /** Longest gap between two samples of one watcher; over 300 makes the verdict not proved (S8). */
  readonly largestGapMs: number;
  readonly proved: boolean;
  readonly leadersSeen: number;
  /** Total time in which two or more processes led, by the journals; compare S10. */
  readonly overlapMs: number;
  /** Longest stretch in which a znode named a process that did not lead (S7). */
  readonly ghostMs: number;
  readonly agentsLost: readonly string[];
  readonly tasksLost: readonly string[];
  readonly frameworksLost: readonly string[];
  /** Longest stretch in which a server of target named a living master other than source's leader (S19). */
  readonly wrongLeaderMs: number;
  /** How long target lagged behind source under dual publishing; null when nothing was published. */
  readonly mirrorDelay: MirrorDelay | null;
  /** Leaderless stretch of the window: leading master gone → next master elected, from the journals. */
  readonly leaderlessMs: number | null;
  /** Leading master stopped → leader elected through target, as the watchers saw it. */
  readonly coordinationMs: number | null;
  /** Leading master stopped → last agent re-registered. */
  readonly lastAgentMs: number | null;
  readonly passed: boolean;
  readonly reasons: readonly string[];
}
