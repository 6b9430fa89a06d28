import type { AgentConfig, MasterConfig } from './config.js';
import type { CheckName } from './preflight/catalogue/index.js';
import type { SocketAddress } from './socket-table.js';
import type { TemporalTimers } from './temporal-timers.js';

/**
 * What the read-only survey saw. Preflight and plan are pure functions of it. Holds no secret: master
 * URLs are kept without their credentials, command lines not at all.
 */
export interface Survey {
  readonly source: EnsembleSurvey;
  readonly target: EnsembleSurvey;
  readonly masters: readonly MasterSurvey[];
  /** What the leading master tells; null when none leads or it does not answer. */
  readonly cluster: ClusterSurvey | null;
  /** By host name; hosts that could not be looked at are in `failures`. */
  readonly hosts: Readonly<Record<string, HostSurvey>>;
  /** Every client session on source, as far as it could be attributed. Null when no proof was to be had. */
  readonly clients: readonly ClientSurvey[] | null;
  /** What the running migration has measured; null where none runs (`zkferry preflight`). */
  readonly temporal: TemporalTimers | null;
  /** Checks that could not be made. */
  readonly failures: readonly CheckFailure[];
}

export interface CheckFailure {
  readonly check: CheckName;
  readonly host: string | null;
  readonly message: string;
  readonly remedy: string | null;
}

export interface EnsembleSurvey {
  readonly servers: readonly ServerSurvey[];
  /** Null when no session was to be had. */
  readonly tree: TreeSurvey | null;
  /** Whether the servers refuse what an ACL does not allow; looked at for dual-publishing alone. Null when it could not be asked. */
  readonly acls: AclEnforcement | null;
}

/** `unproved`: it cannot be seen without writing (before ZooKeeper 3.5), or was not looked at. */
export type AclEnforcement = 'enforced' | 'ignored' | 'unproved';

export interface ServerSurvey {
  readonly name: string;
  readonly mode: 'leader' | 'follower' | 'observer' | 'standalone' | 'not-serving' | 'silent';
  readonly version: string | null;
  /** Decimal, as a BigInt prints it. */
  readonly epoch: string | null;
  /**
   * What it runs with, as far as seen: its Java properties (without `zookeeper.`), its `zoo.cfg`, its
   * answer to `conf`, the later before the former. Null when none could be read.
   */
  readonly settings: Readonly<Record<string, string>> | null;
}

export interface TreeSurvey {
  /** Children of `/` that are persistent, without `/zookeeper`. */
  readonly roots: readonly string[];
  /**
   * `read-only`: who stands there may be seen and not be removed. `absent-read-only`, of target alone: it
   * would be so once the migration has made it, with source's ACL.
   */
  readonly electionPath: 'absent' | 'absent-read-only' | 'readable' | 'read-only' | 'refused';
  readonly contenders: readonly { readonly znode: string; readonly pid: string; readonly master: string | null }[];
  /** Contenders of source that the publisher could not mirror; looked at for dual-publishing alone. Null when it could not be asked. */
  readonly unmirrored: readonly { readonly name: string; readonly why: string }[];
  /** Children of the election path that Mesos does not take for contenders, `log_replicas` left out. */
  readonly strangers: readonly string[];
  readonly lock: string | null;
  readonly marker: string | null;
  /** Znodes of ours beside lock and marker: of the publisher and the door. */
  readonly ours: readonly string[];
  /** ACLs of the election path, its ancestors and `log_replicas`, by path; what is absent or unreadable is left out. */
  readonly parents: Readonly<Record<string, readonly Acl[]>>;
}

export interface MasterSurvey {
  readonly master: MasterConfig;
  readonly version: string | null;
  readonly flags: Readonly<Record<string, string>> | null;
  readonly metrics: Readonly<Record<string, number>> | null;
  /** `host:port` of whom it takes for the leading master: null = nobody, undefined = it was not to be asked. */
  readonly sees: string | null | undefined;
}

export interface ClusterSurvey {
  /** Config name of the leading master. */
  readonly leader: string;
  readonly agents: readonly AgentSurvey[];
  /** Registered agents that no configured host stands for (`discover: false` only). */
  readonly unknownAgents: readonly { readonly id: string; readonly hostname: string }[];
  /** Configured agents that the leading master does not know. */
  readonly unregisteredAgents: readonly string[];
  readonly recoveredAgentIds: readonly string[];
  readonly frameworks: readonly {
    readonly id: string;
    readonly name: string;
    readonly active: boolean;
    readonly connected: boolean;
    readonly checkpoint: boolean;
    readonly failoverTimeoutMs: number;
  }[];
}

export interface AgentSurvey {
  readonly agent: AgentConfig;
  readonly id: string;
  readonly active: boolean;
  readonly version: string;
  /** Its `/state` flags; null when it does not answer. */
  readonly flags: Readonly<Record<string, string>> | null;
}

/** One configured process and its host. */
export interface HostSurvey {
  readonly unit: string;
  readonly loadState: string;
  readonly activeState: string;
  readonly restart: string;
  readonly killMode: string;
  /** Whether the ssh user may write where zkferry has to. */
  readonly mayWrite: boolean;
  readonly missingTools: readonly string[];
  readonly freeKb: number | null;
  readonly place: PlaceSurvey | null;
  /** Other files of the packages that set the master URL of the same process (M 7.1). */
  readonly otherPlaces: readonly string[];
  /** Files of the process's flags that are younger than the process. */
  readonly changedFlags: readonly string[];
  /** Active units of configuration management. */
  readonly managers: readonly string[];
  /** Set for a ZooKeeper server. */
  readonly server: ServerFileSurvey | null;
  /** Other active or enabled units of the host that may read the same file (S4). */
  readonly otherUnits: readonly string[];
  readonly endpoints: readonly {
    readonly endpoint: string;
    readonly outcome: 'open' | 'refused' | 'blocked' | 'unchecked';
  }[];
  readonly listening: readonly SocketAddress[];
  /** Observers: what already lies where they are to be. */
  readonly foreignData: readonly string[];
  /** Files of an earlier migration. */
  readonly residue: readonly string[];
}

/** `zoo.cfg` of a server and the properties of its process. */
export interface ServerFileSurvey {
  readonly settings: Readonly<Record<string, string>>;
  /** Why `zoo.cfg` is not among the settings. */
  readonly problem: string | null;
  /** The file is younger than the process. */
  readonly changedSinceStart: boolean;
}

/** As in the ports; repeated here since the domain imports nothing. */
export interface Acl {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}

export interface PlaceSurvey {
  readonly path: string;
  /** The URL in it, without credentials; null when it cannot be read as one. */
  readonly url: UrlSurvey | null;
  readonly problem: string | null;
  /** What the process was started with where its command line or else its environment shows it, else null. */
  readonly runsWith: UrlSurvey | null;
  /** The file is younger than the process. */
  readonly changedSinceStart: boolean;
}

export interface UrlSurvey {
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  readonly path: string;
}

export interface ClientSurvey {
  /** `ip:port` as the server sees it; null for a session without a connection. */
  readonly client: string | null;
  readonly sessionId: string;
  /** Config name of the process that holds the connection, null when no configured one does. */
  readonly owner: string | null;
}
