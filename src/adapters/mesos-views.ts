import type { AgentStateView, AgentsView, AgentView, FrameworkView } from '../ports/mesos-api.js';

// Mesos' JSON, as far as it is read here (src/master/http.cpp, src/slave/http.cpp of Mesos).
interface RawAgent {
  id: string;
  hostname: string;
  pid: string;
  port?: number;
  active: boolean;
  registered_time: number;
  reregistered_time?: number;
  version?: string;
}
interface RawTask {
  id: string;
  state: string;
  statuses?: { container_status?: { container_id?: { value?: string } } }[];
}
interface RawExecutor {
  container?: string;
  tasks?: RawTask[];
  completed_tasks?: RawTask[];
}
interface RawFramework {
  id: string;
  name: string;
  active: boolean;
  connected?: boolean;
  checkpoint: boolean;
  failover_timeout: number;
  tasks?: RawTask[];
  executors?: RawExecutor[];
  completed_executors?: RawExecutor[];
}

/** `/slaves` of a leading master. */
export function agentsFrom(body: unknown): AgentsView {
  const { slaves = [], recovered_slaves: recovered = [] } = body as {
    slaves?: RawAgent[];
    recovered_slaves?: { id: string }[];
  };
  return { agents: slaves.map(agentFrom), recoveredAgentIds: recovered.map(({ id }) => id) };
}

function agentFrom(raw: RawAgent): AgentView {
  return {
    id: raw.id,
    hostname: raw.hostname,
    pid: raw.pid,
    port: raw.port ?? Number(/:(\d+)$/.exec(raw.pid)?.[1] ?? 0),
    active: raw.active,
    registeredAt: raw.registered_time,
    reregisteredAt: raw.reregistered_time ?? null,
    version: raw.version ?? '',
  };
}

/** `/frameworks` of a leading master. Completed ones are left out. */
export function frameworksFrom(body: unknown): FrameworkView[] {
  const { frameworks = [] } = body as { frameworks?: RawFramework[] };
  return frameworks.map((raw) => ({
    id: raw.id,
    name: raw.name,
    active: raw.active,
    connected: raw.connected ?? raw.active,
    checkpoint: raw.checkpoint,
    failoverTimeoutMs: raw.failover_timeout * 1000,
    tasksRunning: (raw.tasks ?? []).filter(({ state }) => state === 'TASK_RUNNING').length,
  }));
}

/** An agent's `/state`. A task that runs in its executor's container carries the executor's container id. */
export function agentStateFrom(body: unknown): AgentStateView {
  const raw = body as {
    id?: string;
    master_hostname?: string;
    flags?: Record<string, string>;
    frameworks?: RawFramework[];
    completed_frameworks?: RawFramework[];
  };
  const executors = (raw.frameworks ?? []).flatMap(({ executors: all }) => all ?? []);
  const ended = [...(raw.frameworks ?? []), ...(raw.completed_frameworks ?? [])]
    .flatMap(({ executors: live, completed_executors: gone }) => [...(live ?? []), ...(gone ?? [])])
    .flatMap(({ tasks, completed_tasks: completed }) => [...(tasks ?? []), ...(completed ?? [])]);
  const running = executors.flatMap(({ container, tasks }) =>
    (tasks ?? [])
      .filter(({ state }) => state === 'TASK_RUNNING')
      .map((task) => [task.id, container ?? containerOf(task)] as const),
  );
  return {
    id: raw.id ?? '',
    masterHostname: raw.master_hostname ?? null,
    tasks: Object.fromEntries(running),
    finishedTasks: ended.filter(({ state }) => state === 'TASK_FINISHED').map(({ id }) => id),
    flags: raw.flags ?? {},
  };
}

function containerOf(task: RawTask): string {
  return task.statuses?.at(-1)?.container_status?.container_id?.value ?? '';
}
