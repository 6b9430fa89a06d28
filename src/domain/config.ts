/**
 * The cluster configuration, normalised: every default filled in, every path absolute.
 *
 * `src/config` reads `cluster.yaml` (or the workflow's JSON input) into this shape; nothing else
 * builds it outside tests. It is plain JSON, because it is also the workflow's one argument, and it
 * holds no secret: credentials are references that the worker resolves.
 */
export interface ClusterConfig {
  readonly schemaVersion: 1;
  /** `[a-z0-9][a-z0-9-]*`; names the workflow (`zkferry-<cluster>`) and the state folder on hosts. */
  readonly cluster: string;
  readonly strategy: StrategyName;
  /** Election path of the masters in both ensembles, for example `/mesos`; never `/`. */
  readonly electionPath: string;
  readonly source: EnsembleConfig;
  readonly target: EnsembleConfig & {
    /** Whether all target servers may be stopped together to raise the epoch (Z 4, S16). */
    readonly allowRestart: boolean;
  };
  /** Empty with strategy `dual-publishing`, which needs none. */
  readonly observers: readonly ServerConfig[];
  readonly masters: readonly MasterConfig[];
  readonly agents: AgentsConfig;
  readonly frameworks: readonly FrameworkConfig[];
  readonly ssh: SshConfig;
  readonly credentials: CredentialsConfig;
  readonly policy: PolicyConfig;
}

export type StrategyName = 'observers' | 'dual-publishing';

export interface EnsembleConfig {
  readonly servers: readonly ServerConfig[];
}

/** A machine reached by ssh. `address` is an IP or a resolvable name. */
export interface HostConfig {
  /** Unique in the whole config; what people see in progress and errors. */
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly sshUser: string;
  /** Prefix put before every path on the host, `''` on ordinary hosts (compare `rpm --root`). */
  readonly root: string;
}

/** A ZooKeeper server and how it is driven on its host. */
export interface ServerConfig extends HostConfig {
  readonly id: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  /** systemd unit, default `zookeeper`. */
  readonly unit: string;
  /** `zoo.cfg`, default `/etc/zookeeper/conf/zoo.cfg`. */
  readonly configFile: string;
  /** Holds `myid` and `version-2`, default `/var/lib/zookeeper`. */
  readonly dataDir: string;
  /** Separate transaction log folder, or null when it is `dataDir`. */
  readonly dataLogDir: string | null;
  /** `user:group` that the service runs as and must own new files, or null to leave root's. */
  readonly owner: string | null;
}

/**
 * The one place on a host that holds a process's master URL (M 7.1): a one-value file, or one
 * variable of an environment file (`/etc/default/…`, systemd `EnvironmentFile`).
 */
export type MasterUrlPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'envFile'; readonly path: string; readonly key: string };

export interface MasterConfig extends HostConfig {
  readonly httpPort: number;
  readonly unit: string;
  readonly masterUrl: MasterUrlPlace;
}

export interface AgentsConfig {
  /** Read the agents from the leading master's `/slaves`; otherwise `hosts` is the whole fleet. */
  readonly discover: boolean;
  readonly hosts: readonly AgentConfig[];
  /** Template for discovered agents: `{host}` in `root` is replaced by the agent's hostname. */
  readonly template: Omit<AgentConfig, 'name' | 'address'>;
}

export interface AgentConfig extends HostConfig {
  readonly httpPort: number;
  readonly unit: string;
  readonly masterUrl: MasterUrlPlace;
}

export interface FrameworkConfig {
  /** The name it registered with at the master. */
  readonly name: string;
  /** Scheduler instances; standbys first is arranged by the plan. */
  readonly instances: readonly FrameworkInstanceConfig[];
  /**
   * How a scheduler is stopped so that it fails over rather than tears down (S12). `sigkill` kills
   * the unit's main process; `unit` means the operator vouches that `systemctl stop` fails over.
   */
  readonly stop: 'sigkill' | 'unit';
  /** Accept, by name, that tasks are lost (failover_timeout 0, or no checkpoint). */
  readonly acceptTaskLoss: boolean;
}

export interface FrameworkInstanceConfig extends HostConfig {
  readonly unit: string;
  readonly masterUrl: MasterUrlPlace;
}

export interface SshConfig {
  readonly port: number;
  readonly user: string;
  /** `file:` reference to a private key, or `agent` for SSH_AUTH_SOCK. */
  readonly identity: string;
  /** Passphrase of the key, a reference, or null. */
  readonly passphrase: string | null;
  /** OpenSSH known_hosts file; a host without an entry, or with another key, is refused. */
  readonly knownHosts: string;
  /** Run host scripts through `sudo -n`. */
  readonly sudo: boolean;
}

/** References only: `file:PATH` or `env:NAME`; null = none. */
export interface CredentialsConfig {
  /** The first three hold `user:password`. */
  readonly source: string | null;
  readonly target: string | null;
  readonly mesos: string | null;
  /**
   * The publisher's key, the same on every worker: a text of at least 32 characters from which its
   * identity in target and the key for its session's password are derived (S3, S18).
   */
  readonly publisher: string | null;
}

export interface PolicyConfig {
  /** Lowers the live budget, never raises it; null = the live value. */
  readonly budgetMs: number | null;
  /** Stated ping flags for masters whose `/flags` cannot be read; null = block then. */
  readonly agentPing: { readonly timeoutMs: number; readonly maxTimeouts: number } | null;
  /** The window does not open when the forecast exceeds this share of the budget (0–1]. */
  readonly forecastShare: number;
  readonly reserveMs: number | null;
  readonly canary: number;
  /** Each batch is at most this many times the one before, up to `maxBatch`. */
  readonly batchGrowth: number;
  readonly maxBatch: number;
  /** Failed agents tolerated in the phase before it stops; each failure still waits for a decision. */
  readonly failureBudget: number;
  readonly soakMs: number;
  readonly settle: boolean;
  readonly retireObservers: boolean;
  /** Client IPs on source that are known and may stay there (tools, monitors). */
  readonly acceptClients: readonly string[];
  /** Agent names whose loss is accepted when they stay on source (S5). */
  readonly acceptAgents: readonly string[];
  /** What becomes of a persistent subtree of source: `copied` by the operator, or `abandon`. */
  readonly subtrees: Readonly<Record<string, 'copied' | 'abandon'>>;
  /** Accepts that with a slow Temporal server a frozen worker may leave the cluster leaderless beyond the budget (S22). */
  readonly acceptFrozenWorker: boolean;
  readonly timeouts: TimeoutsConfig;
  /**
   * Id of a migration that has ended without undoing itself (`zkferry-<cluster>/<run>`, as lock and state
   * folders name it): take it over and go back to source. Null = an ordinary migration.
   */
  readonly takeOver: string | null;
  /** Commands and webhooks that are told what happens; absent in what an earlier version began. */
  readonly hooks?: readonly HookConfig[];
  /** Off where the Temporal namespace may not carry zkferry's search attributes. */
  readonly searchAttributes: boolean;
}

/**
 * What may be told to people's own tools. Only `before-window` is waited for, and only it may say no:
 * it comes between the approval of the window and the last look before it.
 */
export const HOOK_EVENTS = ['waiting', 'incident', 'before-window', 'window-opening', 'window-opened', 'done'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

/** Run by a worker when one of these events happens. */
export interface HookConfig {
  readonly on: readonly HookEvent[];
  readonly run: HookCommand | HookWebhook;
  readonly timeoutMs: number;
}

/** A program on the worker's host, by absolute path, and its arguments; no shell reads them. */
export interface HookCommand {
  readonly kind: 'command';
  readonly argv: readonly string[];
}

export interface HookWebhook {
  readonly kind: 'webhook';
  /** An http(s) URL, or the reference of one that is itself a secret. */
  readonly url: string;
  /** Names and references of their values. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TimeoutsConfig {
  /** One ssh command outside the window. */
  readonly commandMs: number;
  /** An agent from restart to re-registered. */
  readonly agentMs: number;
  /** A master from restart to `ensemble_size` = N. */
  readonly masterMs: number;
  /** A scheduler from restart to reconnected. */
  readonly frameworkMs: number;
  /** A ZooKeeper server from start to serving, outside the window. */
  readonly serverMs: number;
  /** Masters' and clients' ZooKeeper session timeout T (M 3.1), for straggler checks and forecasts. */
  readonly sessionMs: number;
  /** How long source and target may name different leading masters before that is an incident (S19). */
  readonly mirrorMs: number;
}
