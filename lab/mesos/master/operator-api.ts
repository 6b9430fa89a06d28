import type { ServerResponse } from 'node:http';
import { sendJson, sendText } from '../http.js';
import type { TaskInfo } from '../messages.js';
import { attributesJson } from '../resources.js';
import { MESOS_VERSION, versionJson } from '../version.js';
import type { AgentRecord, FrameworkRecord } from './cluster-state.js';
import type { Master } from './master.js';
import { metricsView, type LogGauge } from './metrics.js';

type Json = Record<string, unknown>;

/** Answers `POST /api/v1` of a leading, recovered master (docs/operator-http-api.md). */
export function answerOperatorCall(master: Master, log: LogGauge, body: string, response: ServerResponse): void {
  let call: { type?: unknown; get_metrics?: unknown };
  try {
    call = JSON.parse(body) as typeof call;
  } catch (cause) {
    sendText(response, 400, `Failed to parse body into JSON: ${(cause as Error).message}`);
    return;
  }
  const type = typeof call.type === 'string' ? call.type : '';
  if (type === 'GET_METRICS' && call.get_metrics === undefined) {
    sendText(response, 400, "Failed to validate master::Call: Expecting 'get_metrics' to be present");
    return;
  }
  const field = type.toLowerCase();
  const answer = ANSWERS[type]?.(master, log);
  if (answer === undefined)
    sendText(response, type === '' ? 400 : 501, type === '' ? "Expecting 'type' to be present" : '');
  else sendJson(response, { type, [field]: answer });
}

const ANSWERS: Readonly<Record<string, (master: Master, log: LogGauge) => Json>> = {
  GET_HEALTH: () => ({ healthy: true }),
  GET_FLAGS: ({ flags }) => ({ flags: Object.entries(flags.shown()).map(([name, value]) => ({ name, value })) }),
  GET_VERSION: () => ({ version_info: { ...versionJson(), version: MESOS_VERSION } }),
  GET_METRICS: (master, log) => ({
    metrics: Object.entries(metricsView(master, log)).map(([name, value]) => ({ name, value })),
  }),
  GET_MASTER: (master) => ({
    master_info: master.info,
    start_time: master.startedAt,
    ...(master.electedAt === null ? {} : { elected_time: master.electedAt }),
  }),
  GET_AGENTS: agents,
  GET_FRAMEWORKS: frameworks,
  GET_TASKS: tasks,
  GET_STATE: (master) => ({
    get_tasks: tasks(master),
    get_executors: {},
    get_frameworks: frameworks(master),
    get_agents: agents(master),
  }),
};

function agents({ state }: Master): Json {
  return {
    agents: [...state.agents.values()].map(agent),
    recovered_agents: [...state.recovered.values()].map((info) => ({
      id: { value: info.id },
      hostname: info.hostname,
      port: info.port,
    })),
  };
}

function agent({ info, active, version, pid, registeredAt, reregisteredAt }: AgentRecord): Json {
  return {
    agent_info: {
      id: { value: info.id },
      hostname: info.hostname,
      port: info.port,
      attributes: Object.entries(attributesJson(info.attributes)).map(([name, value]) => ({
        name,
        type: 'TEXT',
        text: { value: String(value) },
      })),
    },
    active,
    version,
    pid,
    registered_time: nanoseconds(registeredAt),
    ...(reregisteredAt === null ? {} : { reregistered_time: nanoseconds(reregisteredAt) }),
  };
}

function frameworks({ state }: Master): Json {
  return {
    frameworks: [...state.frameworks.values()].map(framework),
    completed_frameworks: [...state.completedFrameworks.values()].map(framework),
  };
}

function framework({ info, active, connected, recovered, registeredAt, reregisteredAt }: FrameworkRecord): Json {
  return {
    framework_info: {
      id: { value: info.id },
      name: info.name,
      user: info.user,
      hostname: info.hostname,
      checkpoint: info.checkpoint,
      failover_timeout: info.failoverTimeoutSecs,
      ...(info.principal === null ? {} : { principal: info.principal }),
    },
    active,
    connected,
    recovered,
    registered_time: nanoseconds(registeredAt),
    ...(reregisteredAt === null ? {} : { reregistered_time: nanoseconds(reregisteredAt) }),
  };
}

function tasks({ state }: Master): Json {
  const all = [...state.frameworks.values()];
  return {
    tasks: state.tasks().map(task),
    unreachable_tasks: all.flatMap(({ unreachableTasks }) => [...unreachableTasks.values()].map(task)),
    completed_tasks: all.flatMap(({ completedTasks }) => completedTasks.map(task)),
  };
}

function task({ taskId, name, frameworkId, agentId, state }: TaskInfo): Json {
  return {
    task_id: { value: taskId },
    name,
    framework_id: { value: frameworkId },
    agent_id: { value: agentId },
    state,
  };
}

function nanoseconds(seconds: number): Json {
  return { nanoseconds: Math.round(seconds * 1e9) };
}
