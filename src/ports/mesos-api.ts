/** `http://address:port` of a master or an agent. */
export type BaseUrl = string;

/**
 * Mesos' HTTP endpoints (M 5), redirects seen rather than followed.
 * Every call @throws NoAnswerError when nothing answers, MesosAuthError for 401 and 403, MesosHttpError for another status.
 */
export interface MesosApi {
  metrics(base: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
  flags(base: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  version(base: BaseUrl, signal: AbortSignal): Promise<string>;
  /** `host:port` of the leading master as this master sees it, null when it sees none (503). */
  leaderSeenBy(master: BaseUrl, signal: AbortSignal): Promise<string | null>;
  /** Whether the v1 API answers: the only proof over HTTP that a leader has recovered its registry (M 4.2). */
  isRecovered(leader: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<boolean>;
  /** @throws NotLeaderError when the master redirects. */
  agents(leader: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<AgentsView>;
  /** @throws NotLeaderError when the master redirects. */
  frameworks(leader: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<FrameworkView[]>;
  /** Null while the agent recovers (503). */
  agentState(agent: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<AgentStateView | null>;
}

export interface AgentsView {
  readonly agents: readonly AgentView[];
  /** Ids in the registry that have not come back since the leader's election. */
  readonly recoveredAgentIds: readonly string[];
}

export interface AgentView {
  readonly id: string;
  readonly hostname: string;
  /** `slave(1)@ip:port`. */
  readonly pid: string;
  readonly port: number;
  readonly active: boolean;
  readonly registeredAt: number;
  /** Seconds since the epoch, null before the first re-registration. */
  readonly reregisteredAt: number | null;
  readonly version: string;
}

export interface FrameworkView {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly connected: boolean;
  readonly checkpoint: boolean;
  readonly failoverTimeoutMs: number;
  readonly tasksRunning: number;
}

export interface AgentStateView {
  readonly id: string;
  /** Null while masterless. */
  readonly masterHostname: string | null;
  /** Running tasks: task id → container id. */
  readonly tasks: Readonly<Record<string, string>>;
  /** Ids of tasks that ended by themselves (TASK_FINISHED) and are still remembered. */
  readonly finishedTasks: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
}
