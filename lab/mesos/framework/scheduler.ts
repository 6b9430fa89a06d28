import { randomUUID } from 'node:crypto';
import { scaled } from '../duration.js';
import { leaderPid } from '../leader-address.js';
import { exitWith, logInfo, logWarning } from '../log.js';
import { isTerminal, type FrameworkInfo, type StatusUpdate, type TaskInfo } from '../messages.js';
import { addressOf, type Messenger } from '../messenger.js';
import type { Offer, SchedulerCall, SchedulerEvent } from '../scheduler-api.js';
import type { MasterInfo } from '../zk/master-info.js';
import { openEventStream } from './event-stream.js';
import type { TaskStore } from './task-store.js';

const BACKOFF_MS = 2000;
const BACKOFF_MAX_MS = 60_000;
const REFUSE_MS = 5000;

export interface SchedulerSettings {
  readonly framework: Omit<FrameworkInfo, 'id'>;
  readonly tasksPerAgent: number;
  readonly connectionDelayMaxMs: number;
}

type CallBody<Call = SchedulerCall> = Call extends SchedulerCall ? Omit<Call, 'frameworkId'> : never;

/**
 * The lab's scheduler: keeps a number of tasks on every agent, over an event stream that it drops on
 * each change of leader and opens again under its stored framework id, as the v1 library does.
 */
export class LabScheduler {
  connected = false;
  leader: MasterInfo | null = null;
  private closeStream: () => void = () => undefined;
  private retry: NodeJS.Timeout | null = null;
  private readonly backoffMaxMs: number;
  /** Agents whose tasks the master has told since they last went away: only there anything is launched. */
  private readonly reconciled = new Set<string>();

  constructor(
    private readonly settings: SchedulerSettings,
    readonly store: TaskStore,
    private readonly messenger: Messenger,
  ) {
    const { failoverTimeoutSecs } = settings.framework;
    const tenth = (failoverTimeoutSecs * 1000) / 10;
    this.backoffMaxMs = tenth > 0 ? Math.min(scaled(BACKOFF_MAX_MS), tenth) : scaled(BACKOFF_MAX_MS);
  }

  detected(leader: MasterInfo | null): void {
    if (this.connected) logInfo('Disconnected from the master');
    this.disconnect();
    this.leader = leader;
    if (leader === null) {
      logInfo('Lost leading master');
      return;
    }
    logInfo(`New master detected at ${leaderPid(leader)}`);
    this.subscribeIn(Math.random() * this.settings.connectionDelayMaxMs, scaled(BACKOFF_MS));
  }

  /** Ends the framework for good, with all its tasks. */
  async teardown(): Promise<void> {
    await this.call({ type: 'TEARDOWN' });
  }

  private disconnect(): void {
    this.connected = false;
    this.closeStream();
    this.closeStream = () => undefined;
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.reconciled.clear();
  }

  private subscribeIn(delayMs: number, backoffMs: number): void {
    this.retry = setTimeout(() => {
      if (this.leader === null) return;
      const framework = { ...this.settings.framework, id: this.store.frameworkId };
      this.closeStream = openEventStream(
        addressOf(leaderPid(this.leader)),
        framework,
        (event) => this.received(event),
        (why) => {
          logWarning(`Subscription at ${this.leader === null ? 'no master' : leaderPid(this.leader)} ended: ${why}`);
          const nextMs = this.connected ? scaled(BACKOFF_MS) : backoffMs;
          this.disconnect();
          this.subscribeIn(Math.random() * nextMs, Math.min(nextMs * 2, this.backoffMaxMs));
        },
      );
    }, delayMs);
  }

  private received(event: SchedulerEvent): void {
    switch (event.type) {
      case 'SUBSCRIBED':
        logInfo(`Subscribed with framework ID ${event.frameworkId}`);
        this.connected = true;
        this.store.frameworkId = event.frameworkId;
        this.store.save();
        this.reconcile();
        break;
      case 'OFFERS':
        for (const offer of event.offers) this.offered(offer);
        break;
      case 'UPDATE':
        this.updated(event.update);
        break;
      case 'FAILURE':
        this.reconciled.delete(event.agentId);
        break;
      case 'ERROR':
        exitWith(1, event.message);
        break;
      case 'RESCIND':
      case 'HEARTBEAT':
        break;
    }
  }

  private reconcile(): void {
    const frameworkId = this.store.frameworkId;
    const tasks = [...this.store.tasks].map(([taskId, { agentId }]) => ({ taskId, agentId, frameworkId }));
    if (tasks.length > 0) void this.call({ type: 'RECONCILE', tasks });
  }

  private offered({ id: offerId, agentId }: Offer): void {
    const mine = [...this.store.tasks.values()].filter((task) => task.agentId === agentId).length;
    const missing = this.settings.tasksPerAgent - mine;
    if (missing <= 0) {
      void this.call({ type: 'DECLINE', offerId, refuseMs: scaled(REFUSE_MS) });
      return;
    }
    if (!this.reconciled.has(agentId)) {
      // The agent may have come back with tasks that were given up for lost: ask before launching more.
      this.reconciled.add(agentId);
      void this.call({ type: 'RECONCILE', tasks: [] });
      void this.call({ type: 'DECLINE', offerId, refuseMs: 0 });
      return;
    }
    const tasks = Array.from({ length: missing }, () => this.newTask(agentId));
    for (const { taskId } of tasks) this.store.tasks.set(taskId, { agentId, state: 'TASK_STAGING' });
    // Before the launch: a task that runs is never unknown to its scheduler.
    this.store.save();
    void this.call({ type: 'ACCEPT', offerId, tasks });
  }

  private newTask(agentId: string): TaskInfo {
    const taskId = `${this.settings.framework.name}.${randomUUID().slice(0, 8)}`;
    return {
      frameworkId: this.store.frameworkId,
      taskId,
      name: this.settings.framework.name,
      agentId,
      resources: 'cpus:0.1;mem:16',
      state: 'TASK_STAGING',
      containerId: null,
    };
  }

  private updated(update: StatusUpdate): void {
    const { taskId, agentId, state, uuid } = update;
    const known = this.store.tasks.get(taskId);
    if (isTerminal(state) || state === 'TASK_UNREACHABLE') {
      if (known !== undefined) logWarning(`Task ${taskId} is in state ${state}: ${update.message}`);
      this.store.tasks.delete(taskId);
    } else {
      this.store.tasks.set(taskId, { agentId, state });
    }
    if (known?.state !== state) this.store.save();
    if (uuid !== '') void this.call({ type: 'ACKNOWLEDGE', agentId, taskId, uuid });
  }

  private async call(body: CallBody): Promise<void> {
    if (this.leader === null) return;
    const call = { frameworkId: this.store.frameworkId, ...body };
    const address = addressOf(leaderPid(this.leader));
    // A call that is lost shows by the end of the stream, and everything is told again after the next one.
    await this.messenger.ask(address, '/mini/scheduler/call', JSON.stringify(call)).catch((cause: Error) => {
      logWarning(`Call ${body.type} failed: ${cause.message}`);
    });
  }
}
