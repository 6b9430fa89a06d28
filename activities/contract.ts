/**
 * Every activity the workflows call: the line between what happens in which order (`workflows/`) and
 * how one step touches the world (`activities/`). One object in, one object out, JSON only.
 *
 * Each activity is idempotent and safe to run twice at once: it looks, then acts, and host effects
 * are fenced by a generation (S2). A lost reply is answered by running it again.
 */
import type { CarriedResult } from '../src/domain/carried-plan.js';
import type {
  AgentConfig,
  ClusterConfig,
  CredentialsConfig,
  FrameworkInstanceConfig,
  HookConfig,
  HostConfig,
  MasterConfig,
  ServerConfig,
  SshConfig,
} from '../src/domain/config.js';
import type { HookNotice, HookReport } from '../src/domain/hooks.js';
import type { Finding, MasterUrl, Plan, PlannedAgent, PlanResult } from '../src/domain/plan.js';
import type { TemporalTimers } from '../src/domain/temporal-timers.js';

/** How to reach hosts and which credential references to use; no secret in it. */
export interface Access {
  readonly ssh: SshConfig;
  readonly credentials: CredentialsConfig;
}

/**
 * Who acts, and how late the act is. `migration` is one run's stable id; a host whose state folder
 * names another migration, holds a higher generation, or is not adopted, refuses with FERRY_FENCED.
 */
export interface Fence {
  readonly cluster: string;
  readonly migration: string;
  readonly generation: number;
}

export type EnsembleName = 'source' | 'target';

/** The common part of every host step. */
export interface HostStep {
  readonly access: Access;
  readonly fence: Fence;
}

/** Instant (ms since the epoch) from which on the activity starts nothing any more (S1); null = none. */
export type Deadline = number | null;

// ── planning ─────────────────────────────────────────────────────────────────────────────────────
export interface PlanningActivities {
  /** Validates the workflow's input; every error with its path. */
  validateInput(a: { input: unknown }): Promise<InputVerdict>;
  /** Read-only survey of everything, ending in plan, hash and verdicts. Heartbeats. */
  surveyAndPlan(a: { config: ClusterConfig; temporal?: TemporalTimers }): Promise<PlanResult>;
  /**
   * Fresh preflight in mid-migration: newcomers among the agents join the plan (S23), the budget is
   * read again, epochs, ensembles and masters are checked. The hash changes only when the plan does.
   * A plan that comes without its steps is answered without.
   */
  replan(a: { config: ClusterConfig; plan: CarriedResult['plan']; migration: string }): Promise<CarriedResult>;
  /**
   * Straggler check (S9): clients left on source's own servers, seen twice a session timeout apart
   * when `twice`, and agents that are not connected through observers.
   */
  findStragglers(a: { config: ClusterConfig; plan: Pick<Plan, 'agents'>; twice: boolean }): Promise<StragglerReport>;
}

export type InputVerdict =
  | { readonly ok: true; readonly config: ClusterConfig }
  | { readonly ok: false; readonly errors: readonly { readonly path: string; readonly message: string }[] };

export interface StragglerReport {
  /** Unknown or forgotten clients on source, as findings (`block` unless accepted by name). */
  readonly findings: readonly Finding[];
  /** Planned agents still connected to source. */
  readonly agentsOnSource: readonly string[];
}

// ── target and source trees ──────────────────────────────────────────────────────────────────────
export interface EnsembleActivities {
  /** Creates the lock znode in source naming the migration. @throws FERRY_LOCKED naming the other one. */
  acquireLock(a: { config: ClusterConfig; migration: string }): Promise<void>;
  releaseLock(a: { config: ClusterConfig; migration: string }): Promise<void>;
  /**
   * Markers in both ensembles (S24); election and `log_replicas` parents in target with source's ACL; ≥ 1 write.
   * @throws FERRY_LOCKED when the lock in source does not name this migration (any more)
   */
  prepareTrees(a: { config: ClusterConfig; migration: string }): Promise<{ created: readonly string[] }>;
  /**
   * Removes what `prepareTrees` made: markers; of the parents those that were not there before, and only when
   * target has no session but ours (S17). Nothing at all while another migration holds the lock.
   */
  cleanTrees(a: {
    config: ClusterConfig;
    migration: string;
    removeParents: boolean;
  }): Promise<{ residue: readonly string[] }>;
  /** Epochs of both ensembles as decimal strings (BigInt): every target server's, and what its files hold. */
  readEpochs(a: { config: ClusterConfig }): Promise<EpochReport>;
  /** Waits until every server of the ensemble serves and exactly one leads. */
  awaitQuorum(a: {
    config: ClusterConfig;
    ensemble: EnsembleName;
  }): Promise<{ epochs: Readonly<Record<string, string>> }>;
}

export interface EpochReport {
  readonly source: string;
  /** By server name: the epoch it serves, null when it does not serve. */
  readonly target: Readonly<Record<string, string | null>>;
  /** max(source, every epoch any target server holds in files or memory) + 100; ≤ 1,000,000 (S16). */
  readonly raiseTo: string;
}

// ── hosts ────────────────────────────────────────────────────────────────────────────────────────
export interface HostActivities {
  /**
   * Creates the host's state folder for this migration; the first write on any host.
   *
   * @param a.from migrations that are taken over: a folder of theirs is re-labelled, which fences their every step (S2).
   * @param a.config given, the lock in source must still name this migration. @throws FERRY_LOCKED
   */
  adoptHost(a: HostStep & { host: HostConfig; from?: readonly string[]; config?: ClusterConfig }): Promise<void>;
  /** Removes the state folder, drop-ins and parked files: nothing of ours is left. What another migration has there stays. */
  releaseHost(a: HostStep & { host: HostConfig; units: readonly string[] }): Promise<void>;

  /** Writes zoo.cfg, myid and the ensemble tag, then starts the observer; wipes data of the other ensemble only when it is stopped. */
  installObserver(a: ObserverStep & { ensemble: EnsembleName }): Promise<{ changed: boolean }>;
  /** Stops the observer (proved) and keeps its unit held; used between rehearsal and source, and by removal. */
  stopObserver(a: HostStep & { observer: ServerConfig; deadline: Deadline }): Promise<StoppedReport>;
  /** Stops it and restores the host as it was found: config, data, unit enablement. Safe when never installed. */
  removeObserver(a: HostStep & { observer: ServerConfig }): Promise<void>;
  /** Window: parks both ensembles' config under parked names so that the swap is a rename. */
  parkObserver(a: ObserverStep): Promise<void>;
  /**
   * Window: proves the unit stopped, sets the other ensemble's data aside by rename (or takes back
   * what was set aside for this one), swaps the parked config in, lifts the hold and starts.
   * Refuses when it finds data of the other ensemble in place (S6).
   */
  flipObserver(
    a: HostStep & { observer: ServerConfig; to: EnsembleName; deadline: Deadline },
  ): Promise<{ startedAt: string }>;
  /** Deletes the data set aside (only after the migration is complete). */
  discardSetAside(a: HostStep & { observer: ServerConfig }): Promise<void>;

  /** Installs the drop-in that lets a hold file keep the unit down (S2); changes nothing else. */
  prepareHold(a: HostStep & { host: HostConfig; unit: string }): Promise<void>;
  /** Places the hold; the unit, if running, goes on, but cannot start again by itself. */
  holdUnit(a: HostStep & { host: HostConfig; unit: string; deadline: Deadline }): Promise<void>;
  /** Places the hold, stops the unit (SIGKILL after `graceMs`) and returns once it is proved stopped. */
  stopHeld(
    a: HostStep & { host: HostConfig; unit: string; graceMs: number; deadline: Deadline },
  ): Promise<StoppedReport>;
  /** Lifts the hold; starts the unit when `start`. */
  liftHold(a: HostStep & { host: HostConfig; unit: string; start: boolean; deadline: Deadline }): Promise<void>;

  /** Edit and restart as one step (M fact 10). `url: null` restores the original line exactly. */
  repointAgent(a: HostStep & { agent: AgentConfig; url: MasterUrl | null }): Promise<RepointReport>;
  repointMaster(a: HostStep & { master: MasterConfig; url: MasterUrl | null }): Promise<RepointReport>;
  repointFramework(
    a: HostStep & { instance: FrameworkInstanceConfig; stop: 'sigkill' | 'unit'; url: MasterUrl | null },
  ): Promise<RepointReport>;

  /** Raise of the epoch (S16), each on every target server, stage by stage. */
  stopServer(a: HostStep & { server: ServerConfig }): Promise<StoppedReport>;
  /** Keeps the old epoch files, writes `acceptedEpoch`; refuses on a running server and below what is held. */
  writeEpoch(a: HostStep & { server: ServerConfig; epoch: string }): Promise<void>;
  /** Puts the old epoch files back on a stopped server. */
  restoreEpoch(a: HostStep & { server: ServerConfig }): Promise<void>;
  startServer(a: HostStep & { server: ServerConfig }): Promise<void>;
}

export interface ObserverStep extends HostStep {
  readonly observer: ServerConfig;
  /** Participants of both ensembles and their `reconfigEnabled`, from the plan. */
  readonly source: { readonly servers: readonly ServerConfig[]; readonly reconfigEnabled: boolean };
  readonly target: { readonly servers: readonly ServerConfig[]; readonly reconfigEnabled: boolean };
}

/** A proof that a unit's every process is gone. Anything else throws (unknown counts as not stopped). */
export interface StoppedReport {
  readonly stoppedAt: string;
  readonly tookMs: number;
}

export interface RepointReport {
  /** False when the running process was already on the URL. */
  readonly changed: boolean;
  readonly mainPidBefore: number | null;
  readonly mainPid: number;
  readonly restartedAt: string;
}

// ── proofs ───────────────────────────────────────────────────────────────────────────────────────
/** All poll with heartbeats until proved, the patience ends or they are cancelled. */
export interface ProofActivities {
  /** Serving as a synced observer, and the marker read through it is this ensemble's (S24). */
  awaitObserver(a: {
    config: ClusterConfig;
    observer: ServerConfig;
    ensemble: EnsembleName;
    patienceMs: number;
  }): Promise<{ servingAfterMs: number }>;
  /** Same agent id active at the leader since `restartedAt`, same tasks, connected to no server of the other side. */
  awaitAgent(a: {
    config: ClusterConfig;
    planned: { agent: AgentConfig; id: string };
    tasksBefore: Readonly<Record<string, string>> | null;
    repoint: RepointReport;
    /** Addresses (`ip:port`) of which the process must be connected to at least one, and to no other ZooKeeper server. */
    url: MasterUrl;
    patienceMs: number;
  }): Promise<{ backAfterMs: number }>;
  /** The agent's running tasks, task id → container id; read before it is touched. */
  readTasks(a: {
    access: Access;
    agent: AgentConfig;
  }): Promise<{ id: string; tasks: Readonly<Record<string, string>> }>;
  awaitFramework(a: {
    config: ClusterConfig;
    frameworkId: string;
    instance: FrameworkInstanceConfig;
    repoint: RepointReport;
    url: MasterUrl;
    patienceMs: number;
  }): Promise<{ backAfterMs: number }>;
  /** The process is back, sees the leader (or is it), its ghosts are removed, `ensemble_size` = N on every master. */
  awaitMaster(a: {
    config: ClusterConfig;
    master: MasterConfig;
    repoint: RepointReport;
    /** Its contender and log-replica znodes before the restart, to be removed as ghosts (chapter 3). */
    ghosts: readonly string[];
    url: MasterUrl;
    patienceMs: number;
  }): Promise<{ backAfterMs: number }>;
  /** Who contends and who claims to lead, from the election path and each master's own `master/elected`. */
  readElection(a: { config: ClusterConfig; through: EnsembleName | 'observers' }): Promise<Election>;
  /**
   * The barrier: no running master claims to lead, or could while every observer is down. A master
   * named in `stopped` was proved stopped by its host; any other must answer `master/elected` 0 itself,
   * and know no ZooKeeper server but the observers. Unknown is not clear.
   */
  provesNoLeader(a: {
    config: ClusterConfig;
    stopped: readonly string[];
    deadline: Deadline;
  }): Promise<{ clear: true; at: string }>;
  /** Deletes exactly these znodes of proved-dead masters; missing ones are fine. */
  removeGhosts(a: { config: ClusterConfig; ensemble: EnsembleName; znodes: readonly string[] }): Promise<void>;
  /** Leader elected in the ensemble's own tree, itself claiming it, registry recovered (v1, ensemble_size ≥ quorum, state_fetch_ms). */
  awaitLeader(a: {
    config: ClusterConfig;
    ensemble: EnsembleName;
    quorum: number;
    deadline: Deadline;
  }): Promise<LeaderReport>;
  /** `recovered_slaves` empty, every expected id active, no new registrations. Returns when patience ends, too. */
  awaitAgentsBack(a: {
    config: ClusterConfig;
    expectedIds: readonly string[];
    patienceMs: number;
  }): Promise<AgentsBack>;
  /** Invariants during the soak; throws FERRY_INVARIANT naming the one broken. Heartbeats until `untilMs`. */
  watchSoak(a: {
    config: ClusterConfig;
    ensemble: EnsembleName;
    expectedIds: readonly string[];
    soakMs: number;
  }): Promise<void>;
  /** No client session is left on the observers (before they are retired). */
  provesObserversIdle(a: { config: ClusterConfig; patienceMs: number }): Promise<void>;
  /** Residue of this or an earlier migration, as findings; used at the end of a rollback. */
  findResidue(a: { config: ClusterConfig }): Promise<{ findings: readonly Finding[] }>;
}

export interface Election {
  readonly contenders: readonly Contender[];
  /** Config name of the master whose own metrics say elected, null when none. More than one throws FERRY_SPLIT_BRAIN. */
  readonly leader: string | null;
  /** Masters that did not answer. */
  readonly unknown: readonly string[];
}

export interface Contender {
  readonly znode: string;
  readonly pid: string;
  /** Config name, null when no configured master has this address. */
  readonly master: string | null;
  /** Its `log_replicas` znodes. */
  readonly replicas: readonly string[];
}

export interface LeaderReport {
  readonly master: string;
  readonly electedAt: string;
  readonly recoveredAt: string;
}

export interface AgentsBack {
  readonly back: number;
  readonly missing: readonly string[];
  /** In the leader's registry but neither expected nor back: an agent that joined at the last moment, or one postponed. */
  readonly unexpected?: readonly string[];
  readonly newRegistrations: number;
  readonly lastAgentAt: string | null;
}

// ── dual publishing ──────────────────────────────────────────────────
/** What everything about dual publishing needs to know. */
export interface PublishingScope {
  readonly config: ClusterConfig;
  readonly migration: string;
}

/**
 * A change of a door or of the publisher's mode. Both remember the highest generation in their znode
 * and refuse a lower one with FERRY_FENCED, so that a step that comes late changes nothing (S2).
 */
export interface PublishingStep extends PublishingScope {
  readonly generation: number;
}

export interface PublishingActivities {
  /** Proves with a scratch znode of ours that the ensemble enforces ACLs: the door rests on it. @throws FERRY_ACLS_NOT_ENFORCED */
  proveAcls(a: PublishingScope & { ensemble: EnsembleName }): Promise<void>;
  /**
   * Raises the create counter of target's election path above every number in source, with a margin
   * (Z 8), so that mirrors sort before any native znode. Does nothing where it is high enough.
   */
  raiseCounter(a: PublishingScope): Promise<{ counter: number; highestInSource: number }>;
  /** Takes CREATE off the election and `log_replicas` parents (S3), keeping the ACLs found in a znode of ours. */
  closeDoor(a: PublishingStep & { ensemble: EnsembleName }): Promise<{ changed: boolean }>;
  /**
   * Puts back the ACLs that were found; fine when the door was never closed. Whoever is started may
   * stand there from then on, so it is withheld at and after the deadline (S1).
   */
  openDoor(a: PublishingStep & { ensemble: EnsembleName; deadline?: Deadline }): Promise<{ changed: boolean }>;
  /** Opens the door for good: no later step changes it. `cleanTrees` removes the znode that remembers it. */
  removeDoor(a: PublishingScope & { ensemble: EnsembleName }): Promise<void>;
  /** Creates the owner znode in target (S18), in mode `publishing`. Fine when it is there for this migration. */
  preparePublisher(a: PublishingStep): Promise<void>;
  /**
   * The publisher: keeps target's mirrors in the state of source's contenders (S18) until it is
   * cancelled, which leaves the mirrors standing for the next attempt. Runs on the publisher's own
   * task queue, for as long as the migration needs it; goes on when Temporal is away.
   *
   * @throws FERRY_PUBLISHER_FENCED when another attempt has taken over or the owner znode is gone
   */
  runPublisher(a: PublishingScope): Promise<never>;
  /** Takes all mirrors away in one transaction that also fences the publisher, and proves that none is left. */
  withdrawMirrors(a: PublishingStep): Promise<{ withdrawn: readonly string[] }>;
  /** Lets the publisher publish again after `withdrawMirrors`. */
  resumePublishing(a: PublishingStep): Promise<void>;
  /** Every contender of source has its mirror in target, in the same order and with the same body. */
  awaitMirrored(a: PublishingScope & { patienceMs: number }): Promise<{ mirrored: number; afterMs: number }>;
  /** Withdraws, ends the publisher's session and removes the owner znode. Fine when there is none. */
  removePublisher(a: PublishingScope): Promise<void>;
  /**
   * Compares who leads in source and in target until something is wrong (S19); then returns what.
   *
   * @param a.asked what people are asked already, which it keeps quiet about: kinds of divergence, znodes of contenders.
   */
  watchDivergence(a: PublishingScope & { asked: readonly string[] }): Promise<Divergence>;
  /**
   * Deletes every contender and log-replica znode of proved-dead masters behind a closed door, and
   * proves that none is left (S20). @throws FERRY_DOOR_OPEN when the door is not closed.
   */
  clearElection(a: PublishingScope & { ensemble: EnsembleName }): Promise<{ removed: readonly string[] }>;
  /** Every master counts all replicas of the registry (`ensemble_size` = N; before Mesos 1.4: its log is recovered, S21). */
  awaitFullLog(a: { config: ClusterConfig; patienceMs: number }): Promise<void>;
  /**
   * Of every master: its master URL file names this ensemble, and so does what it runs with, or its
   * unit is stopped (promise 1: a door is not opened for good to whom it keeps out). Unknown is no proof.
   *
   * @param a.passOver masters whose hosts need not be reached, since a person vouches for them; what is seen of one still counts.
   * @throws FERRY_MASTERS_UNSEEN, with their names, when the only doubts are hosts that cannot be reached.
   */
  provesMastersOn(a: {
    config: ClusterConfig;
    ensemble: EnsembleName;
    patienceMs: number;
    passOver?: readonly string[];
  }): Promise<void>;
}

/** Host steps of the masters' window. */
export interface MasterSwapActivities {
  /** Window of dual publishing: stages the file with target's URL, so that the swap is a rename. */
  parkMasterUrl(a: HostStep & { master: MasterConfig; url: MasterUrl }): Promise<void>;
  /**
   * Puts the parked file, or the one that was found, in the place of the master URL, while the master
   * is held and proved stopped; refuses otherwise (S20). Starts nothing.
   *
   * @param a.mayRun after the barrier: one that is let go already, with the right file, is left as it is.
   */
  swapMasterUrl(
    a: HostStep & { master: MasterConfig; to: EnsembleName; mayRun?: boolean },
  ): Promise<{ changed: boolean }>;
}

// ── taking over what another migration left ───────────────────────────────────────────────
export interface TakeOverActivities {
  /**
   * The migration to be taken over, and every window or fleet of the cluster, has ended as far as this
   * worker's Temporal knows. @throws FERRY_TAKE_OVER_RUNNING naming what runs
   */
  requireEnded(a: { cluster: string; from: string }): Promise<void>;
  /**
   * Looks at everything from scratch, writes nothing. What belongs to `from`, or to `migration` itself,
   * is as expected; findings block on the rest.
   *
   * @param a.agents looked at even when no leading master lists them.
   */
  surveyTakeOver(a: {
    config: ClusterConfig;
    from: string;
    migration: string;
    agents: readonly PlannedAgent[];
  }): Promise<PlanResult & { readonly found: Found }>;
  /**
   * Compare-and-set of the lock znode; creates it where there is none. @throws FERRY_LOCKED naming a third migration.
   *
   * @returns all migrations whose traces are this one's from here on: `from`, and what that one was taking over itself.
   */
  takeOverLock(a: {
    config: ClusterConfig;
    migration: string;
    from: string;
  }): Promise<{ readonly from: readonly string[] }>;
  /** Markers, doors and the publisher's owner znode go over to this migration, above every generation of before. */
  takeOverTrees(a: PublishingStep & { from: readonly string[]; ensembles: readonly EnsembleName[] }): Promise<void>;
}

/** What a survey saw of the migration that is taken over. */
export interface Found {
  /** Where what crosses in the window may be; `unknown` counts as target. */
  readonly standing: 'source' | 'unknown';
  /** The highest generation seen anywhere. */
  readonly generation: number;
  /** Target may name a leading master by mirrors, on which moved agents depend. */
  readonly publishing: boolean;
  /** False while target has no quorum: what stands there can only be taken over later. */
  readonly targetServes: boolean;
  /** Agents and schedulers that are not back at a leading master yet, one sentence each. */
  readonly absent: readonly string[];
}

export type Divergence =
  /** Source and target have named different leaders for longer than `timeouts.mirrorMs`. */
  | {
      readonly kind: 'divergence';
      readonly source: string | null;
      readonly target: string | null;
      readonly forMs: number;
    }
  /** A contender in target that is not the publisher's; `master` null = none of the configured ones. */
  | { readonly kind: 'native-contender'; readonly znode: string; readonly pid: string; readonly master: string | null }
  /** One side could not be read for so long that nothing is known any more. */
  | { readonly kind: 'blind'; readonly ensemble: EnsembleName; readonly seen: string; readonly forMs: number };

// ── people's own tools ────────────────────────────────────────────────────────────────
export interface HookActivities {
  /**
   * Runs a command on this worker's host, or posts to a webhook, and says how that went. At least
   * once: `notice.id` is the same in every try. Decides nothing about the cluster.
   *
   * @throws FERRY_HOOK_FAILED where trying once more may help and nobody waits for an answer
   */
  runHook(a: { hook: HookConfig; notice: HookNotice }): Promise<HookReport>;
}

export type Activities = PlanningActivities &
  EnsembleActivities &
  HostActivities &
  ProofActivities &
  PublishingActivities &
  MasterSwapActivities &
  TakeOverActivities &
  HookActivities;
