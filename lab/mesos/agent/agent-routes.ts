import { sendJson, sendText, type HttpServer } from '../http.js';
import { leaderHostname } from '../leader-address.js';
import { dispatch, type Envelope } from '../messages.js';
import { attributesJson, resourcesJson } from '../resources.js';
import { MESOS_VERSION, versionJson } from '../version.js';
import type { MesosAgent } from './agent.js';
import type { AgentTask } from './task-book.js';

export const AGENT_READONLY = 'mesos-agent-readonly';

/** Endpoints of an agent (M 5.1), with and without `/slave(1)`, and its mailbox. */
export function mountAgentRoutes(server: HttpServer, agent: MesosAgent, self: string): void {
  server.route('/health', null, (_request, response) => sendText(response, 200, ''));
  server.route('/version', null, (_request, response) => sendJson(response, versionJson()));
  server.route('/flags', AGENT_READONLY, (_request, response) => sendJson(response, { flags: agent.flags.shown() }));
  server.route('/metrics/snapshot', AGENT_READONLY, (_request, response) => sendJson(response, metrics(agent)));
  server.route('/state', AGENT_READONLY, (_request, response) => {
    if (agent.phase === 'RECOVERING') sendText(response, 503, 'Agent has not finished recovery');
    else sendJson(response, state(agent, self));
  });
  server.route('/containers', AGENT_READONLY, (_request, response) => {
    if (agent.phase === 'RECOVERING') sendText(response, 503, 'Agent has not finished recovery');
    else sendJson(response, agent.tasks.all().map(container));
  });
  server.route('/mini/message', null, (request, response) => {
    sendText(response, 202, '');
    dispatch(agent.receivers, JSON.parse(request.body) as Envelope);
  });
  server.route('/mini/link', null, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.flushHeaders();
  });
}

function state(agent: MesosAgent, self: string): unknown {
  const { hostname, resources, attributes, id } = agent.agentInfo;
  return {
    version: MESOS_VERSION,
    ...versionJson(),
    start_time: agent.startedAt,
    id: id ?? '',
    pid: self,
    hostname,
    capabilities: ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT', 'RESOURCE_PROVIDER', 'AGENT_DRAINING'],
    resources: resourcesJson(resources),
    attributes: attributesJson(attributes),
    ...(agent.leader === null ? {} : { master_hostname: leaderHostname(agent.leader) }),
    flags: agent.flags.shown(),
    frameworks: agent.tasks.frameworks().map((framework) => ({
      id: framework.id,
      name: framework.name,
      user: framework.user,
      hostname: framework.hostname,
      failover_timeout: framework.failoverTimeoutSecs,
      checkpoint: framework.checkpoint,
      executors: agent.tasks
        .all()
        .filter((task) => task.framework.id === framework.id)
        .map((task) => executor(task)),
      completed_executors: [],
    })),
    completed_frameworks: [],
  };
}

function executor({ info }: AgentTask): unknown {
  return {
    id: info.taskId,
    name: `Command Executor (Task: ${info.taskId})`,
    source: info.taskId,
    container: info.containerId,
    resources: resourcesJson(info.resources),
    tasks: [
      {
        id: info.taskId,
        name: info.name,
        framework_id: info.frameworkId,
        executor_id: '',
        slave_id: info.agentId,
        state: info.state,
        resources: resourcesJson(info.resources),
        statuses: [],
      },
    ],
    queued_tasks: [],
    completed_tasks: [],
  };
}

function container({ info, executor: { pid } }: AgentTask): unknown {
  return {
    container_id: info.containerId,
    executor_id: info.taskId,
    executor_name: `Command Executor (Task: ${info.taskId})`,
    framework_id: info.frameworkId,
    source: info.taskId,
    statistics: {},
    status: { container_id: { value: info.containerId }, executor_pid: pid },
  };
}

function metrics(agent: MesosAgent): Record<string, number> {
  const tasks = agent.tasks.all();
  const inState = (name: string): number => tasks.filter(({ info }) => info.state === name).length;
  return {
    'slave/registered': agent.phase === 'RUNNING' ? 1 : 0,
    'slave/uptime_secs': Date.now() / 1000 - agent.startedAt,
    'slave/recovery_errors': agent.recoveryErrors,
    ...(agent.phase === 'RECOVERING' ? {} : { 'slave/recovery_time_secs': agent.recoverySecs }),
    'slave/frameworks_active': agent.tasks.frameworks().length,
    'slave/tasks_staging': inState('TASK_STAGING'),
    'slave/tasks_starting': inState('TASK_STARTING'),
    'slave/tasks_running': inState('TASK_RUNNING'),
    'slave/executors_registering': inState('TASK_STAGING'),
    'slave/executors_running': tasks.filter(({ executor: { connected } }) => connected).length,
    'slave/executors_terminating': 0,
    'slave/executors_terminated': agent.tasks.executorsTerminated,
  };
}
