import type { AgentConfig, ClusterConfig, FrameworkConfig, StrategyName } from './config.js';
import type { FindingId, Verdict } from './preflight/catalogue/index.js';
import type { TemporalTimers } from './temporal-timers.js';

/** `zk://` master URL without its credentials, which only the worker adds when it writes a file. */
export interface MasterUrl {
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  readonly path: string;
  /** Whose credentials (config `credentials`) belong in front of the hosts, when there are any. */
  readonly credentialsOf: 'source' | 'target';
}

/**
 * What a migration will do: a pure function of config and survey, shown before anything is written
 * and bound by its hash to every approval. It holds only facts that a rerun of the survey finds
 * again while nothing relevant changed (no zxid, no timing), so that a changed hash means a changed
 * plan. Before→after values of hosts are those at `begin`.
 */
export interface Plan {
  readonly schemaVersion: 1;
  readonly cluster: string;
  readonly strategy: StrategyName;
  readonly urls: {
    readonly source: MasterUrl;
    /** Null where the strategy uses no observers. */
    readonly observers: MasterUrl | null;
    readonly target: MasterUrl;
  };
  readonly agents: readonly PlannedAgent[];
  readonly frameworks: readonly PlannedFramework[];
  /** Masters by config name; quorum as their live flags say. */
  readonly quorum: number;
  /** True when target's servers are to be stopped together and their epoch raised above source's. */
  readonly raiseEpoch: boolean;
  /** `reconfigEnabled` of each ensemble: an observer must match the one it joins (Z 2). */
  readonly reconfigEnabled: { readonly source: boolean; readonly target: boolean };
  readonly budget: Budget;
  readonly steps: readonly PlanStep[];
  /** One sentence naming the moment after which nothing undoes itself. */
  readonly pointOfNoReturn: string;
  /** Measured by the migration that carries the plan out, so it is left out of the hash (S22). */
  readonly temporal?: TemporalTimers;
}

/** Where agents and schedulers go before the window. */
export interface ClientDestination {
  /** For people: in summaries and progress. */
  readonly towards: 'observers' | 'target';
  readonly url: MasterUrl;
}

export function clientDestination({ urls }: Pick<Plan, 'urls'>): ClientDestination {
  return urls.observers === null
    ? { towards: 'target', url: urls.target }
    : { towards: 'observers', url: urls.observers };
}

/** An agent to move, with what must be the same afterwards. */
export interface PlannedAgent {
  readonly agent: AgentConfig;
  /** Agent id as the leading master knows it. */
  readonly id: string;
}

export interface PlannedFramework {
  readonly framework: FrameworkConfig;
  readonly id: string;
}

/** Where the window's budget comes from (design chapter 3); `derivation` is one sentence for people. */
export interface Budget {
  readonly budgetMs: number;
  readonly derivation: string;
}

export interface PlanStep {
  readonly phase: string;
  readonly host: string | null;
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly undo: string;
  /** Who notices, and what. */
  readonly affects: string;
  /** Null where nobody can know it beforehand, or it takes a moment only. */
  readonly expectedMs: number | null;
  /** After so long it counts as failed, and a person is asked. Null in the window, whose end the budget sets. */
  readonly worstMs: number | null;
}

/** A preflight verdict, of a check in the catalogue. All checks run, none hides another. */
export interface Finding {
  readonly id: FindingId;
  readonly verdict: Verdict;
  readonly host: string | null;
  /** The registered agent that it is about, where its host may have had others. */
  readonly agentId?: string;
  /** What was seen. */
  readonly seen: string;
  /** Why it matters. */
  readonly why: string;
  /** What to do; null for `info`. */
  readonly remedy: string | null;
}

/** `planHash` is sha256 over the canonical JSON of the plan without `temporal`, lower-case hex. */
export interface PlanResult {
  readonly plan: Plan;
  readonly planHash: string;
  readonly findings: readonly Finding[];
}

/** What the rehearsal took, for all observers at once; every field milliseconds. */
export interface Measurements {
  readonly stopMs: number;
  readonly startAndSyncMs: number;
}

export type { ClusterConfig };
