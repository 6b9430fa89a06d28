/** What masters and agents tell each other, by the names of Mesos' messages (src/messages/messages.proto). */
export interface Messages {
  RegisterSlaveMessage: { agent: AgentInfo; version: string };
  ReregisterSlaveMessage: {
    agent: AgentInfo & { id: string };
    version: string;
    frameworks: FrameworkInfo[];
    tasks: TaskInfo[];
  };
  UnregisterSlaveMessage: { agentId: string };
  StatusUpdateMessage: { update: StatusUpdate; latestState: TaskState };
  PongSlaveMessage: Record<string, never>;
  SlaveRegisteredMessage: { agentId: string; totalPingTimeoutMs: number };
  SlaveReregisteredMessage: { agentId: string; totalPingTimeoutMs: number; reconciliations: TaskKey[] };
  PingSlaveMessage: { connected: boolean };
  RunTaskMessage: { framework: FrameworkInfo; task: TaskInfo };
  KillTaskMessage: TaskKey;
  ShutdownFrameworkMessage: { frameworkId: string };
  ShutdownMessage: { reason: string };
  StatusUpdateAcknowledgementMessage: TaskKey & { uuid: string };
}

export type MessageName = keyof Messages;

export interface Envelope<Name extends MessageName = MessageName> {
  readonly name: Name;
  /** UPID of the sender. */
  readonly from: string;
  readonly body: Messages[Name];
}

/** One handler per message that a process takes; another message is ignored. */
export type Receivers = { readonly [Name in MessageName]?: (from: string, body: Messages[Name]) => void };

/** Hands an envelope to its handler. */
export function dispatch(receivers: Receivers, envelope: Envelope): void {
  const handler = receivers[envelope.name] as ((from: string, body: Messages[MessageName]) => void) | undefined;
  handler?.(envelope.from, envelope.body);
}

/** The parts of SlaveInfo that a restart compares (src/common/type_utils.cpp), all from flags. */
export interface AgentInfo {
  readonly id?: string;
  readonly hostname: string;
  readonly port: number;
  readonly resources: string;
  readonly attributes: string;
  readonly checkpoint: boolean;
}

export interface FrameworkInfo {
  /** Empty before the first subscription. */
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly hostname: string;
  readonly principal: string | null;
  readonly failoverTimeoutSecs: number;
  readonly checkpoint: boolean;
  readonly partitionAware: boolean;
}

export interface TaskKey {
  readonly frameworkId: string;
  readonly taskId: string;
}

export interface TaskInfo extends TaskKey {
  readonly name: string;
  readonly agentId: string;
  readonly resources: string;
  readonly state: TaskState;
  readonly containerId: string | null;
}

export type TaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_LOST'
  | 'TASK_UNREACHABLE';

export interface StatusUpdate extends TaskKey {
  readonly agentId: string;
  readonly state: TaskState;
  /** Empty when no acknowledgement is wanted, as for updates that the master makes up. */
  readonly uuid: string;
  readonly message: string;
  readonly containerId: string | null;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

const TERMINAL: ReadonlySet<TaskState> = new Set(['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED', 'TASK_LOST']);

export function isTerminal(state: TaskState): boolean {
  return TERMINAL.has(state);
}
