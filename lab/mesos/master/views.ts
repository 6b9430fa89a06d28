import { leaderHostname, leaderPid } from '../leader-address.js';
import type { TaskInfo } from '../messages.js';
import { attributesJson, resourcesJson } from '../resources.js';
import { MESOS_VERSION, versionJson } from '../version.js';
import type { AgentRecord, FrameworkRecord } from './cluster-state.js';
import type { Master } from './master.js';

type Json = Record<string, unknown>;

/** `/slaves`; `agentId` filters as `?slave_id=` does. */
export function slavesView(master: Master, agentId: string | null): Json {
  const { agents, recovered } = master.state;
  const wanted = ({ id }: { id: string }): boolean => agentId === null || id === agentId;
  return {
    slaves: [...agents.values()].filter(wanted).map(slaveView),
    recovered_slaves: [...recovered.values()].filter(wanted).map((info) => ({
      id: info.id,
      hostname: info.hostname,
      port: info.port,
      attributes: attributesJson(info.attributes),
      resources: resourcesJson(info.resources),
    })),
  };
}

function slaveView(agent: AgentRecord): Json {
  return {
    id: agent.id,
    hostname: agent.info.hostname,
    port: agent.info.port,
    attributes: attributesJson(agent.info.attributes),
    pid: agent.pid,
    registered_time: agent.registeredAt,
    // Absent, not 0, until the first re-registration.
    ...(agent.reregisteredAt === null ? {} : { reregistered_time: agent.reregisteredAt }),
    resources: resourcesJson(agent.info.resources),
    active: agent.active,
    deactivated: false,
    version: agent.version,
    capabilities: ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'],
  };
}

/** `/frameworks`. */
export function frameworksView(master: Master): Json {
  return {
    frameworks: [...master.state.frameworks.values()].map(frameworkView),
    completed_frameworks: [...master.state.completedFrameworks.values()].map(frameworkView),
    unregistered_frameworks: [],
  };
}

export function frameworkView(framework: FrameworkRecord): Json {
  const { info } = framework;
  return {
    id: info.id,
    name: info.name,
    user: info.user,
    hostname: info.hostname,
    webui_url: '',
    ...(info.principal === null ? {} : { principal: info.principal }),
    active: framework.active,
    connected: framework.connected,
    recovered: framework.recovered,
    checkpoint: info.checkpoint,
    failover_timeout: info.failoverTimeoutSecs,
    registered_time: framework.registeredAt,
    unregistered_time: framework.unregisteredAt ?? 0,
    ...(framework.reregisteredAt === null ? {} : { reregistered_time: framework.reregisteredAt }),
    capabilities: info.partitionAware ? ['PARTITION_AWARE'] : [],
    role: '*',
    tasks: [...framework.tasks.values()].map(taskView),
    unreachable_tasks: [...framework.unreachableTasks.values()].map(taskView),
    completed_tasks: framework.completedTasks.map(taskView),
    offers: [],
    executors: [],
  };
}

export function taskView(task: TaskInfo): Json {
  const container =
    task.containerId === null ? {} : { container_status: { container_id: { value: task.containerId } } };
  return {
    id: task.taskId,
    name: task.name,
    framework_id: task.frameworkId,
    executor_id: '',
    slave_id: task.agentId,
    state: task.state,
    resources: resourcesJson(task.resources),
    role: '*',
    statuses: task.state === 'TASK_STAGING' ? [] : [{ state: task.state, ...container }],
  };
}

/** `/state` of the leader; one that has not recovered yet shows an empty cluster as if all were well (M 4.2). */
export function stateView(master: Master): Json {
  const { info, state } = master;
  const agents = [...state.agents.values()];
  return {
    ...versionJson(),
    version: MESOS_VERSION,
    start_time: master.startedAt,
    ...(master.electedAt === null ? {} : { elected_time: master.electedAt }),
    id: info.id,
    pid: info.pid,
    hostname: info.hostname,
    capabilities: ['AGENT_UPDATE', 'AGENT_DRAINING', 'QUOTA_V2'],
    activated_slaves: agents.filter(({ active }) => active).length,
    deactivated_slaves: agents.filter(({ active }) => !active).length,
    unreachable_slaves: state.unreachable.size,
    ...(master.flags.string('cluster') === null ? {} : { cluster: master.flags.string('cluster') }),
    ...(master.leader === null
      ? {}
      : {
          leader: leaderPid(master.leader),
          leader_info: {
            id: master.leader.id,
            pid: leaderPid(master.leader),
            port: master.leader.port,
            hostname: leaderHostname(master.leader),
          },
        }),
    flags: master.flags.shown(),
    ...slavesView(master, null),
    ...frameworksView(master),
    orphan_tasks: [],
  };
}

/** `/state-summary`. */
export function stateSummaryView(master: Master): Json {
  const { info, state, flags } = master;
  return {
    hostname: info.hostname,
    ...(flags.string('cluster') === null ? {} : { cluster: flags.string('cluster') }),
    slaves: [...state.agents.values()].map((agent) => ({ ...slaveView(agent), ...counts(state.tasksOn(agent.id)) })),
    frameworks: [...state.frameworks.values()].map((framework) => ({
      id: framework.info.id,
      name: framework.info.name,
      active: framework.active,
      connected: framework.connected,
      recovered: framework.recovered,
      ...counts([...framework.tasks.values(), ...framework.unreachableTasks.values()]),
      slave_ids: [...new Set([...framework.tasks.values()].map(({ agentId }) => agentId))],
    })),
  };
}

function counts(tasks: readonly TaskInfo[]): Json {
  const states = [
    'STAGING',
    'STARTING',
    'RUNNING',
    'KILLING',
    'FINISHED',
    'KILLED',
    'FAILED',
    'LOST',
    'ERROR',
    'UNREACHABLE',
  ];
  return Object.fromEntries(
    states.map((name) => [`TASK_${name}`, tasks.filter(({ state }) => state === `TASK_${name}`).length]),
  );
}
