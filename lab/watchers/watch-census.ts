import { Agent } from 'node:http';
import { type LabJson, type LabProcess, stamp } from '../contract.js';
import type { AgentRecord, ClusterRecord, TasksRecord } from '../judge/evidence.js';
import { getJson } from './get-json.js';
import { tasksAlive } from './tasks-alive.js';

const PATIENCE_MS = 2_000;

interface SlavesBody {
  readonly slaves: readonly {
    readonly id: string;
    readonly active: boolean;
    readonly registered_time: number;
    readonly reregistered_time?: number;
  }[];
}
interface FrameworksBody {
  readonly frameworks: readonly { readonly id: string; readonly name: string; readonly connected: boolean }[];
}
interface TasksBody {
  readonly tasks: readonly { readonly id: string; readonly state: string }[];
}

/** Counts what must not get lost: agents, tasks, frameworks. */
export class Census {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private leader: string | null = null;

  constructor(private readonly lab: LabJson) {}

  /** An agent's own view of itself; null where it does not answer. */
  async agentOf(agent: LabProcess): Promise<AgentRecord> {
    const [state, metrics] = await Promise.all([this.get(agent, '/state'), this.get(agent, '/metrics/snapshot')]);
    const registered = metrics?.['slave/registered'];
    return {
      ...stamp(),
      kind: 'agent',
      agent: agent.name,
      id: text(state?.['id']),
      registered: registered === undefined ? null : registered === 1,
      masterHostname: text(state?.['master_hostname']),
    };
  }

  tasksOf(agent: LabProcess): TasksRecord {
    return { ...stamp(), kind: 'tasks', agent: agent.name, alive: tasksAlive(agent.root) };
  }

  /** What the leading master knows; standbys redirect, so the one that answers leads, or thinks so. */
  async cluster(): Promise<ClusterRecord> {
    const masters = [...this.lab.masters].sort(
      (a, b) => Number(b.name === this.leader) - Number(a.name === this.leader),
    );
    for (const master of masters) {
      const slaves = (await this.get(master, '/slaves')) as Partial<SlavesBody> | null;
      if (!slaves?.slaves) continue;
      const [frameworks, tasks] = await Promise.all([
        this.get(master, '/frameworks') as Promise<Partial<FrameworksBody> | null>,
        // Without a limit Mesos lists 100 (src/master/http.cpp, TASK_LIMIT).
        this.get(master, '/tasks?limit=1000000') as Promise<Partial<TasksBody> | null>,
      ]);
      if (!frameworks?.frameworks || !tasks?.tasks) continue;
      this.leader = master.name;
      const active = slaves.slaves.filter((slave) => slave.active);
      return {
        ...stamp(),
        kind: 'cluster',
        leader: master.name,
        activeAgentIds: active.map(({ id }) => id),
        frameworks: frameworks.frameworks.map(({ id, name, connected }) => ({ id, name, connected })),
        tasksRunning: tasks.tasks.filter(({ state }) => state === 'TASK_RUNNING').map(({ id }) => id),
        activeSince: Object.fromEntries(
          active.map((slave) => [slave.id, (slave.reregistered_time ?? slave.registered_time) * 1_000]),
        ),
      };
    }
    return { ...stamp(), kind: 'cluster', leader: null, activeAgentIds: [], frameworks: [], tasksRunning: [] };
  }

  close(): void {
    this.agent.destroy();
  }

  private async get({ host, httpPort }: LabProcess, path: string): Promise<Record<string, unknown> | null> {
    try {
      const { status, body } = await getJson(this.agent, `http://${host}:${httpPort}${path}`, PATIENCE_MS);
      return status === 200 && typeof body === 'object' ? (body as Record<string, unknown> | null) : null;
    } catch {
      return null;
    }
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
