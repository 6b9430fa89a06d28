import { formatDuration } from '../duration.js';
import { logInfo, logWarning } from '../log.js';
import {
  isTerminal,
  type AgentInfo,
  type Messages,
  type StatusUpdate,
  type TaskInfo,
  type TaskState,
} from '../messages.js';
import { addressOf, type Messenger } from '../messenger.js';
import { AgentObserver } from './agent-observer.js';
import type { AgentRecord, ClusterState } from './cluster-state.js';
import type { FrameworkProtocol } from './framework-protocol.js';
import { admit, markUnreachable, removeAgent, type Registrar } from './registrar.js';

export interface AgentClocks {
  readonly pingTimeoutMs: number;
  readonly maxTimeouts: number;
  readonly reregisterTimeoutMs: number;
}

/** How the leading master deals with agents (src/master/master.cpp). */
export class AgentProtocol {
  private nextAgent = 0;
  /** Agents whose registry write is under way, by UPID or id. */
  private readonly pending = new Set<string>();

  constructor(
    private readonly masterId: string,
    private readonly state: ClusterState,
    private readonly registrar: Registrar,
    private readonly messenger: Messenger,
    private readonly frameworks: FrameworkProtocol,
    private readonly clocks: AgentClocks,
  ) {}

  async register(from: string, { agent, version }: Messages['RegisterSlaveMessage']): Promise<void> {
    if (this.pending.has(from)) {
      logInfo(
        `Ignoring register agent message from ${from} (${agent.hostname}) as registration is already in progress`,
      );
      return;
    }
    const known = [...this.state.agents.values()].find(({ pid }) => pid === from);
    if (known?.connected === true) {
      logInfo(`Agent ${known.id} at ${from} (${agent.hostname}) already registered, resending acknowledgement`);
      this.messenger.send(from, 'SlaveRegisteredMessage', this.registeredMessage(known.id));
      return;
    }
    this.pending.add(from);
    if (known !== undefined) {
      logInfo(`Removing old disconnected agent ${known.id} at ${from} because of a registration attempt`);
      await this.registrar.apply(removeAgent(known.id));
      this.remove(known, 'a new agent registered at the same address', 'TASK_LOST');
    }
    const info = { ...agent, id: `${this.masterId}-S${this.nextAgent++}` };
    logInfo(`Registering agent at ${from} (${agent.hostname}) with id ${info.id}`);
    await this.registrar.apply(admit(info));
    this.pending.delete(from);
    this.add(info, from, version, null);
    this.state.counters.slave_registrations += 1;
    logInfo(`Registered agent ${info.id} at ${from} (${agent.hostname}) with ${agent.resources}`);
    this.messenger.send(from, 'SlaveRegisteredMessage', this.registeredMessage(info.id));
  }

  async reregister(from: string, message: Messages['ReregisterSlaveMessage']): Promise<void> {
    const { agent } = message;
    if (this.pending.has(agent.id)) {
      logInfo(
        `Ignoring reregister agent message from agent ${agent.id} at ${from} as re-registration is already in progress`,
      );
      return;
    }
    const known = this.state.agents.get(agent.id);
    if (known !== undefined) {
      this.reregisterKnown(known, from, message);
      return;
    }
    this.pending.add(agent.id);
    const registered = [...this.state.agents.values()].find(({ pid }) => pid === from);
    if (registered !== undefined) {
      await this.registrar.apply(removeAgent(registered.id));
      this.remove(registered, 'another agent re-registered at the same address', 'TASK_LOST');
    }
    const recovered = this.state.recovered.has(agent.id);
    if (!recovered) {
      logInfo(`Consulting registry about agent ${agent.id} at ${from} (${agent.hostname})`);
      await this.registrar.apply(admit(agent));
    }
    this.pending.delete(agent.id);
    this.state.recovered.delete(agent.id);
    this.state.unreachable.delete(agent.id);
    this.state.counters.slave_reregistrations += 1;
    const now = Date.now() / 1000;
    this.add(agent, from, message.version, now);
    const completed = this.takeTasks(agent.id, message);
    logInfo(`Re-registered agent ${agent.id} at ${from} (${agent.hostname}) with ${agent.resources}`);
    this.messenger.send(from, 'SlaveReregisteredMessage', { ...this.registeredMessage(agent.id), reconciliations: [] });
    for (const frameworkId of completed) this.messenger.send(from, 'ShutdownFrameworkMessage', { frameworkId });
  }

  async unregister(from: string, agentId: string): Promise<void> {
    logInfo(`Asked to unregister agent ${agentId}`);
    const agent = this.state.agents.get(agentId);
    if (agent === undefined || agent.pid !== from) return;
    // At once in the master's books, as in Mesos; the registry follows.
    this.remove(agent, 'the agent unregistered', 'TASK_LOST');
    await this.registrar.apply(removeAgent(agentId));
  }

  pong(from: string): void {
    for (const agent of this.state.agents.values()) if (agent.pid === from) agent.observer.pong();
  }

  statusUpdate(from: string, { update, latestState }: Messages['StatusUpdateMessage']): void {
    const agent = this.state.agents.get(update.agentId);
    if (agent === undefined || agent.pid !== from) {
      logWarning(
        `Ignoring status update ${update.state} of task ${update.taskId} from unknown agent ${update.agentId}`,
      );
      return;
    }
    this.frameworks.statusUpdate(update, latestState);
  }

  /** Marks agents of the registry that have not come back in time. Returns those still missing. */
  async giveUpRecovered(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const info = this.state.recovered.get(id);
      if (info === undefined) continue;
      const timeout = formatDuration(this.clocks.reregisterTimeoutMs);
      logWarning(
        `Agent ${id} (${info.hostname}) did not reregister within ${timeout} after master failover; marking it unreachable`,
      );
      this.state.counters.recovery_slave_removals += 1;
      await this.markUnreachable(id);
    }
  }

  private reregisterKnown(known: AgentRecord, from: string, message: Messages['ReregisterSlaveMessage']): void {
    const { agent } = message;
    if (
      addressOf(known.pid).split(':')[0] !== addressOf(from).split(':')[0] ||
      known.info.hostname !== agent.hostname
    ) {
      logWarning(
        `Agent ${agent.id} at ${from} (${agent.hostname}) attempted to reregister with different IP / hostname; expected ${known.pid} (${known.info.hostname}) shutting it down`,
      );
      this.messenger.send(from, 'ShutdownMessage', {
        reason: 'Agent attempted to reregister with different IP / hostname',
      });
      return;
    }
    logInfo(`Re-registering agent ${agent.id} at ${from} (${agent.hostname})`);
    known.pid = from;
    known.info = agent;
    known.version = message.version;
    known.reregisteredAt = Date.now() / 1000;
    known.connected = true;
    known.active = true;
    if (known.reregisterTimer !== null) clearTimeout(known.reregisterTimer);
    known.reregisterTimer = null;
    known.observer.setConnected(true);
    this.link(known);
    const reported = new Set(message.tasks.map(({ taskId }) => taskId));
    const missing = this.state.tasksOn(agent.id).filter(({ taskId }) => !reported.has(taskId));
    const completed = this.takeTasks(agent.id, message);
    this.messenger.send(from, 'SlaveReregisteredMessage', {
      ...this.registeredMessage(agent.id),
      reconciliations: missing.map(({ frameworkId, taskId }) => ({ frameworkId, taskId })),
    });
    for (const frameworkId of completed) this.messenger.send(from, 'ShutdownFrameworkMessage', { frameworkId });
  }

  /** Takes over the tasks an agent reports; returns the frameworks that were removed meanwhile. */
  private takeTasks(agentId: string, { frameworks, tasks }: Messages['ReregisterSlaveMessage']): string[] {
    for (const info of frameworks) this.frameworks.recover(info);
    for (const task of tasks) {
      const framework = this.state.frameworks.get(task.frameworkId);
      if (framework === undefined || isTerminal(task.state)) continue;
      framework.unreachableTasks.delete(task.taskId);
      framework.tasks.set(task.taskId, { ...task, agentId });
    }
    return frameworks.map(({ id }) => id).filter((id) => this.state.completedFrameworks.has(id));
  }

  private add(info: AgentInfo & { id: string }, pid: string, version: string, reregisteredAt: number | null): void {
    const observer = new AgentObserver(
      this.clocks,
      (connected) => this.messenger.send(agent.pid, 'PingSlaveMessage', { connected }),
      () => {
        logWarning(`Marking agent ${info.id} (${info.hostname}) unreachable: health check timed out`);
        void this.markUnreachable(info.id);
      },
    );
    const agent: AgentRecord = {
      id: info.id,
      info,
      pid,
      version,
      connected: true,
      active: true,
      registeredAt: Date.now() / 1000,
      reregisteredAt,
      observer,
      reregisterTimer: null,
      dropLink: () => undefined,
    };
    this.state.agents.set(info.id, agent);
    observer.start();
    this.link(agent);
  }

  private link(agent: AgentRecord): void {
    agent.dropLink();
    agent.dropLink = this.messenger.link(agent.pid, () => this.exited(agent));
  }

  private exited(agent: AgentRecord): void {
    if (this.state.agents.get(agent.id) !== agent || !agent.connected) return;
    logInfo(`Agent ${agent.id} at ${agent.pid} (${agent.info.hostname}) disconnected`);
    logInfo(`Disconnecting agent ${agent.id} at ${agent.pid} (${agent.info.hostname})`);
    agent.connected = false;
    agent.active = false;
    agent.observer.setConnected(false);
    this.frameworks.rescindOffers(agent.id);
    for (const framework of this.state.frameworks.values()) {
      const tasks = [...framework.tasks.values()].filter((task) => task.agentId === agent.id);
      if (framework.info.checkpoint || tasks.length === 0) continue;
      logInfo(
        `Removing framework ${framework.info.id} from disconnected agent ${agent.id} because the framework is not checkpointing`,
      );
      for (const task of tasks) this.lose(task, 'TASK_LOST', 'Agent disconnected');
    }
    agent.reregisterTimer = setTimeout(() => {
      const timeout = formatDuration(this.clocks.reregisterTimeoutMs);
      logWarning(
        `Agent ${agent.id} (${agent.info.hostname}) did not reregister within ${timeout} after disconnecting; marking it unreachable`,
      );
      void this.markUnreachable(agent.id);
    }, this.clocks.reregisterTimeoutMs);
  }

  private async markUnreachable(agentId: string): Promise<void> {
    if (this.pending.has(agentId)) return;
    this.pending.add(agentId);
    this.state.counters.slave_unreachable_scheduled += 1;
    await this.registrar.apply(markUnreachable(agentId));
    this.pending.delete(agentId);
    this.state.counters.slave_unreachable_completed += 1;
    this.state.unreachable.set(agentId, Date.now() / 1000);
    const agent = this.state.agents.get(agentId);
    if (agent !== undefined) this.remove(agent, 'health check timed out', 'TASK_UNREACHABLE');
    else this.state.counters.slave_removals += 1;
    this.state.recovered.delete(agentId);
    logInfo(`Marked agent ${agentId} unreachable`);
  }

  private remove(agent: AgentRecord, why: string, state: TaskState): void {
    logInfo(`Removing agent ${agent.id} at ${agent.pid} (${agent.info.hostname}): ${why}`);
    this.state.agents.delete(agent.id);
    this.state.counters.slave_removals += 1;
    agent.observer.stop();
    agent.dropLink();
    if (agent.reregisterTimer !== null) clearTimeout(agent.reregisterTimer);
    this.frameworks.rescindOffers(agent.id);
    for (const task of this.state.tasksOn(agent.id)) this.lose(task, state, why);
    this.frameworks.agentLost(agent.id);
  }

  /** Ends a task in the books; it may well go on running on its agent. */
  private lose(task: TaskInfo, wanted: TaskState, message: string): void {
    const framework = this.state.frameworks.get(task.frameworkId);
    if (framework === undefined) return;
    const unreachable = wanted === 'TASK_UNREACHABLE';
    const update: StatusUpdate = {
      frameworkId: task.frameworkId,
      taskId: task.taskId,
      agentId: task.agentId,
      state: unreachable && !framework.info.partitionAware ? 'TASK_LOST' : wanted,
      uuid: '',
      message,
      containerId: task.containerId,
      timestamp: Date.now() / 1000,
    };
    framework.tasks.delete(task.taskId);
    if (unreachable) framework.unreachableTasks.set(task.taskId, { ...task, state: 'TASK_UNREACHABLE' });
    else framework.completedTasks.push({ ...task, state: update.state });
    if (update.state === 'TASK_LOST') this.state.counters.tasks_lost += 1;
    this.frameworks.send(framework, { type: 'UPDATE', update });
  }

  private registeredMessage(agentId: string): Messages['SlaveRegisteredMessage'] {
    return { agentId, totalPingTimeoutMs: this.clocks.pingTimeoutMs * this.clocks.maxTimeouts };
  }
}
