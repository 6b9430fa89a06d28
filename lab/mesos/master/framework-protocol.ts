import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { formatDuration, scaled } from '../duration.js';
import { logInfo, logWarning } from '../log.js';
import { isTerminal, type FrameworkInfo, type StatusUpdate, type TaskInfo, type TaskState } from '../messages.js';
import type { Messenger } from '../messenger.js';
import type { SchedulerCall, SchedulerEvent } from '../scheduler-api.js';
import { frameworkRecord, type ClusterState, type FrameworkRecord } from './cluster-state.js';

const HEARTBEAT_MS = 15_000;
const TIMER_MAX_MS = 2 ** 31 - 1;

/** How the leading master deals with schedulers (src/master/master.cpp); failover timers live in memory only. */
export class FrameworkProtocol {
  private nextFramework = 0;
  private readonly heartbeat: NodeJS.Timeout;
  private readonly allocator: NodeJS.Timeout;

  constructor(
    private readonly masterId: string,
    private readonly state: ClusterState,
    private readonly messenger: Messenger,
    allocationIntervalMs: number,
  ) {
    this.heartbeat = setInterval(() => {
      for (const framework of this.state.frameworks.values()) this.send(framework, { type: 'HEARTBEAT' });
    }, scaled(HEARTBEAT_MS));
    this.allocator = setInterval(() => this.allocate(), allocationIntervalMs);
    this.heartbeat.unref();
    this.allocator.unref();
  }

  subscribe(info: FrameworkInfo, stream: ServerResponse): void {
    stream.writeHead(200, { 'Content-Type': 'application/json', 'Mesos-Stream-Id': randomUUID() });
    if (info.id !== '' && this.state.completedFrameworks.has(info.id)) {
      write(stream, { type: 'ERROR', message: 'Framework has been removed' });
      stream.end();
      return;
    }
    const id = info.id === '' ? `${this.masterId}-${String(this.nextFramework++).padStart(4, '0')}` : info.id;
    const known = this.state.frameworks.get(id);
    const framework = known ?? frameworkRecord({ ...info, id });
    logInfo(`${known === undefined ? 'Subscribing' : 'Re-subscribing'} framework '${info.name}' (${id})`);
    if (known !== undefined) {
      if (known.stream !== null) {
        write(known.stream, { type: 'ERROR', message: 'Framework failed over' });
        known.stream.end();
      }
      known.info = { ...info, id };
      if (!known.recovered) known.reregisteredAt = Date.now() / 1000;
    }
    if (framework.recovered || (known === undefined && info.id !== ''))
      framework.reregisteredAt = framework.registeredAt;
    if (framework.failoverTimer !== null) clearTimeout(framework.failoverTimer);
    framework.failoverTimer = null;
    framework.recovered = false;
    framework.connected = true;
    framework.active = true;
    framework.stream = stream;
    framework.declined.clear();
    framework.offers.clear();
    this.state.frameworks.set(id, framework);
    // The scheduler may be gone before its last events are written.
    stream.on('error', () => undefined);
    stream.once('close', () => this.exited(framework, stream));
    this.send(framework, { type: 'SUBSCRIBED', frameworkId: id });
    this.allocate();
  }

  /** Returns why the call is refused, or null. */
  call(call: SchedulerCall): string | null {
    const framework = this.state.frameworks.get(call.frameworkId);
    if (framework === undefined || !framework.connected) return 'Framework is not subscribed';
    switch (call.type) {
      case 'ACCEPT':
        this.accept(framework, call.offerId, call.tasks);
        break;
      case 'DECLINE': {
        const agentId = framework.offers.get(call.offerId);
        framework.offers.delete(call.offerId);
        if (agentId !== undefined) framework.declined.set(agentId, Date.now() + call.refuseMs);
        break;
      }
      case 'REVIVE':
        framework.declined.clear();
        this.allocate();
        break;
      case 'ACKNOWLEDGE': {
        const agent = this.state.agents.get(call.agentId);
        const key = { frameworkId: call.frameworkId, taskId: call.taskId, uuid: call.uuid };
        if (agent !== undefined) this.messenger.send(agent.pid, 'StatusUpdateAcknowledgementMessage', key);
        break;
      }
      case 'RECONCILE':
        this.reconcile(framework, call.tasks);
        break;
      case 'KILL': {
        const task = framework.tasks.get(call.taskId);
        const agent = task === undefined ? undefined : this.state.agents.get(task.agentId);
        const key = { frameworkId: call.frameworkId, taskId: call.taskId };
        if (agent !== undefined) this.messenger.send(agent.pid, 'KillTaskMessage', key);
        break;
      }
      case 'TEARDOWN':
        logInfo(`Processing TEARDOWN call for framework ${call.frameworkId}`);
        this.remove(framework);
        break;
    }
    return null;
  }

  /** A framework that an agent speaks of: its scheduler may come back later, or never. */
  recover(info: FrameworkInfo): void {
    if (this.state.frameworks.has(info.id) || this.state.completedFrameworks.has(info.id)) return;
    logInfo(`Recovered framework '${info.name}' (${info.id})`);
    const framework = frameworkRecord(info);
    framework.recovered = true;
    this.state.frameworks.set(info.id, framework);
  }

  statusUpdate(update: StatusUpdate, latestState: TaskState): void {
    const framework = this.state.frameworks.get(update.frameworkId);
    const task = framework?.tasks.get(update.taskId);
    if (framework === undefined) {
      logWarning(
        `Ignoring status update ${update.state} of task ${update.taskId} of unknown framework ${update.frameworkId}`,
      );
      return;
    }
    if (task !== undefined) {
      const current = { ...task, state: latestState, containerId: update.containerId ?? task.containerId };
      framework.tasks.set(task.taskId, current);
      if (isTerminal(latestState)) {
        framework.tasks.delete(task.taskId);
        framework.completedTasks.push(current);
        this.count(latestState);
      }
    }
    this.send(framework, { type: 'UPDATE', update });
  }

  agentLost(agentId: string): void {
    for (const framework of this.state.frameworks.values()) this.send(framework, { type: 'FAILURE', agentId });
  }

  rescindOffers(agentId: string): void {
    for (const framework of this.state.frameworks.values()) {
      for (const [offerId, offered] of framework.offers) {
        if (offered !== agentId) continue;
        framework.offers.delete(offerId);
        this.send(framework, { type: 'RESCIND', offerId });
      }
    }
  }

  send(framework: FrameworkRecord, event: SchedulerEvent): void {
    if (framework.stream !== null) write(framework.stream, event);
  }

  private exited(framework: FrameworkRecord, stream: ServerResponse): void {
    if (framework.stream !== stream || this.state.frameworks.get(framework.info.id) !== framework) return;
    const { id, name, failoverTimeoutSecs } = framework.info;
    const timeoutMs = failoverTimeoutSecs * 1000;
    logInfo(`Framework ${id} (${name}) disconnected`);
    logInfo(`Deactivating framework ${id} (${name})`);
    framework.stream = null;
    framework.connected = false;
    framework.active = false;
    framework.offers.clear();
    logInfo(`Giving framework ${id} (${name}) ${timeoutMs === 0 ? '0ns' : formatDuration(timeoutMs)} to failover`);
    framework.failoverTimer = setTimeout(
      () => {
        logInfo(`Framework failover timeout, removing framework ${id} (${name})`);
        this.remove(framework);
      },
      Math.min(timeoutMs, TIMER_MAX_MS),
    );
  }

  private remove(framework: FrameworkRecord): void {
    const { id, name } = framework.info;
    logInfo(`Removing framework ${id} (${name})`);
    if (framework.failoverTimer !== null) clearTimeout(framework.failoverTimer);
    for (const agent of this.state.agents.values()) {
      this.messenger.send(agent.pid, 'ShutdownFrameworkMessage', { frameworkId: id });
    }
    for (const task of framework.tasks.values()) {
      framework.completedTasks.push({ ...task, state: 'TASK_KILLED' });
      this.count('TASK_KILLED');
    }
    framework.tasks.clear();
    framework.unregisteredAt = Date.now() / 1000;
    framework.connected = false;
    framework.active = false;
    this.state.frameworks.delete(id);
    this.state.completedFrameworks.set(id, framework);
    framework.stream?.end();
    framework.stream = null;
  }

  private accept(framework: FrameworkRecord, offerId: string, tasks: readonly TaskInfo[]): void {
    const agentId = framework.offers.get(offerId);
    framework.offers.delete(offerId);
    const agent = agentId === undefined ? undefined : this.state.agents.get(agentId);
    for (const requested of tasks) {
      const task: TaskInfo = { ...requested, state: 'TASK_STAGING', containerId: null };
      if (agent === undefined || !agent.connected) {
        const why = agentId === undefined ? 'Task launched with invalid offers' : 'Agent is not connected';
        this.send(framework, { type: 'UPDATE', update: masterUpdate(task, 'TASK_LOST', why) });
        continue;
      }
      framework.tasks.set(task.taskId, { ...task, agentId: agent.id });
      logInfo(`Launching task ${task.taskId} of framework ${framework.info.id} on agent ${agent.id} at ${agent.pid}`);
      this.messenger.send(agent.pid, 'RunTaskMessage', {
        framework: framework.info,
        task: { ...task, agentId: agent.id },
      });
    }
  }

  private reconcile(
    framework: FrameworkRecord,
    asked: readonly { readonly taskId: string; readonly frameworkId: string; readonly agentId: string }[],
  ): void {
    if (asked.length === 0) {
      for (const task of framework.tasks.values()) {
        this.send(framework, {
          type: 'UPDATE',
          update: masterUpdate(task, task.state, 'Reconciliation: Latest task state'),
        });
      }
    }
    for (const key of asked) {
      const task = framework.tasks.get(key.taskId) ?? framework.unreachableTasks.get(key.taskId);
      // An agent that is still awaited after a failover may yet bring the task back: no answer.
      if (task === undefined && this.state.recovered.has(key.agentId)) continue;
      const unknown = { ...key, name: '', resources: '', state: 'TASK_LOST' as const, containerId: null };
      const reason = task === undefined ? 'Reconciliation: Task is unknown' : 'Reconciliation: Latest task state';
      this.send(framework, { type: 'UPDATE', update: masterUpdate(task ?? unknown, (task ?? unknown).state, reason) });
    }
  }

  private allocate(): void {
    const now = Date.now();
    for (const framework of this.state.frameworks.values()) {
      if (!framework.active) continue;
      const offered = new Set(framework.offers.values());
      const free = [...this.state.agents.values()].filter(
        ({ id, active }) => active && !offered.has(id) && (framework.declined.get(id) ?? 0) <= now,
      );
      if (free.length === 0) continue;
      const offers = free.map(({ id, info }) => ({
        id: `${this.masterId}-O${randomUUID()}`,
        agentId: id,
        hostname: info.hostname,
      }));
      for (const offer of offers) framework.offers.set(offer.id, offer.agentId);
      this.send(framework, { type: 'OFFERS', offers });
    }
  }

  private count(state: TaskState): void {
    const { counters } = this.state;
    if (state === 'TASK_LOST') counters.tasks_lost += 1;
    if (state === 'TASK_FAILED') counters.tasks_failed += 1;
    if (state === 'TASK_KILLED') counters.tasks_killed += 1;
    if (state === 'TASK_FINISHED') counters.tasks_finished += 1;
  }
}

function masterUpdate(task: TaskInfo, state: TaskState, message: string): StatusUpdate {
  return {
    frameworkId: task.frameworkId,
    taskId: task.taskId,
    agentId: task.agentId,
    state,
    uuid: '',
    message,
    containerId: task.containerId,
    timestamp: Date.now() / 1000,
  };
}

function write(stream: ServerResponse, event: SchedulerEvent): void {
  stream.write(`${JSON.stringify(event)}\n`);
}
