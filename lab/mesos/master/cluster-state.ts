import type { ServerResponse } from 'node:http';
import type { AgentInfo, FrameworkInfo, TaskInfo, TaskKey } from '../messages.js';
import type { AgentObserver } from './agent-observer.js';

export interface AgentRecord {
  readonly id: string;
  info: AgentInfo & { id: string };
  /** `slave(1)@ip:port`. */
  pid: string;
  version: string;
  connected: boolean;
  active: boolean;
  /** Seconds since the epoch. */
  readonly registeredAt: number;
  reregisteredAt: number | null;
  readonly observer: AgentObserver;
  /** Runs from the break of the link (Mesos ≥ 1.2). */
  reregisterTimer: NodeJS.Timeout | null;
  dropLink: () => void;
}

export interface FrameworkRecord {
  info: FrameworkInfo;
  connected: boolean;
  active: boolean;
  /** Known from agents' words only, since this master leads: its scheduler has not come back yet. */
  recovered: boolean;
  registeredAt: number;
  reregisteredAt: number | null;
  unregisteredAt: number | null;
  stream: ServerResponse | null;
  failoverTimer: NodeJS.Timeout | null;
  /** Agent id → wall time in ms until which the scheduler does not want its offers. */
  readonly declined: Map<string, number>;
  /** Offer id → agent id. */
  readonly offers: Map<string, string>;
  readonly tasks: Map<string, TaskInfo>;
  readonly unreachableTasks: Map<string, TaskInfo>;
  readonly completedTasks: TaskInfo[];
}

/** What the leading master knows, all of it in memory; only the agents' ids come back from the registry. */
export class ClusterState {
  readonly agents = new Map<string, AgentRecord>();
  /** In the registry, not back since this master was elected. */
  readonly recovered = new Map<string, AgentInfo & { id: string }>();
  /** Agent id → seconds since the epoch. */
  readonly unreachable = new Map<string, number>();
  readonly frameworks = new Map<string, FrameworkRecord>();
  readonly completedFrameworks = new Map<string, FrameworkRecord>();
  readonly counters = {
    slave_registrations: 0,
    slave_reregistrations: 0,
    slave_removals: 0,
    slave_unreachable_scheduled: 0,
    slave_unreachable_completed: 0,
    slave_unreachable_canceled: 0,
    recovery_slave_removals: 0,
    dropped_messages: 0,
    tasks_lost: 0,
    tasks_failed: 0,
    tasks_killed: 0,
    tasks_finished: 0,
  };

  tasks(): TaskInfo[] {
    return [...this.frameworks.values()].flatMap(({ tasks }) => [...tasks.values()]);
  }

  tasksOn(agentId: string): TaskInfo[] {
    return this.tasks().filter((task) => task.agentId === agentId);
  }

  task({ frameworkId, taskId }: TaskKey): TaskInfo | undefined {
    return this.frameworks.get(frameworkId)?.tasks.get(taskId);
  }
}

/** A framework as it stands when nothing but its FrameworkInfo is known. */
export function frameworkRecord(info: FrameworkInfo): FrameworkRecord {
  return {
    info,
    connected: false,
    active: false,
    recovered: false,
    registeredAt: Date.now() / 1000,
    reregisteredAt: null,
    unregisteredAt: null,
    stream: null,
    failoverTimer: null,
    declined: new Map(),
    offers: new Map(),
    tasks: new Map(),
    unreachableTasks: new Map(),
    completedTasks: [],
  };
}
