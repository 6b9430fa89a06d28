import { formatDuration, scaled } from '../duration.js';
import type { Flags } from '../flags.js';
import { exitWith, logInfo, logWarning } from '../log.js';
import type { AgentInfo, Messages, Receivers } from '../messages.js';
import { leaderPid } from '../leader-address.js';
import { addressOf, type Messenger } from '../messenger.js';
import { MESOS_VERSION } from '../version.js';
import type { MasterDetector } from '../zk/detector.js';
import type { MasterInfo } from '../zk/master-info.js';
import { AgentRecovery } from './agent-recovery.js';
import { Checkpoint } from './checkpoint.js';
import { StatusUpdates } from './status-updates.js';
import { TaskBook } from './task-book.js';

export type AgentPhase = 'RECOVERING' | 'DISCONNECTED' | 'RUNNING' | 'TERMINATING';

const REGISTER_RETRY_MAX_MS = 60_000;
/** Used until a master has told its own ping figures (src/slave/constants.hpp). */
const DEFAULT_MASTER_PING_TIMEOUT_MS = 75_000;

/** The agent's dealings with the master (src/slave/slave.cpp): detect, register, answer pings, run tasks. */
export class MesosAgent {
  phase: AgentPhase = 'RECOVERING';
  leader: MasterInfo | null = null;
  recoverySecs = 0;
  recoveryErrors = 0;
  readonly startedAt = Date.now() / 1000;
  readonly checkpoint: Checkpoint;
  readonly tasks: TaskBook;
  readonly updates: StatusUpdates;
  private id: string | null = null;
  private detecting = false;
  private registration: NodeJS.Timeout | null = null;
  private pingTimer: NodeJS.Timeout | null = null;
  private masterPingTimeoutMs = scaled(DEFAULT_MASTER_PING_TIMEOUT_MS);
  private dropLink: () => void = () => undefined;

  constructor(
    readonly flags: Flags,
    private readonly info: AgentInfo,
    private readonly messenger: Messenger,
    private readonly detector: MasterDetector,
  ) {
    this.checkpoint = new Checkpoint(flags.string('work_dir') ?? '');
    this.updates = new StatusUpdates((update) => {
      if (this.leader !== null) {
        this.messenger.send(leaderPid(this.leader), 'StatusUpdateMessage', {
          update,
          latestState: this.latestState(update),
        });
      }
    });
    this.tasks = new TaskBook(this.checkpoint, this.updates, {
      agentId: () => this.id ?? '',
      endpoint: addressOf(messenger.self),
      recoveryTimeoutMs: flags.durationMs('recovery_timeout'),
      registrationTimeoutMs: flags.durationMs('executor_registration_timeout'),
    });
  }

  get agentInfo(): AgentInfo {
    return this.id === null ? this.info : { ...this.info, id: this.id };
  }

  async start(): Promise<void> {
    const began = performance.now();
    this.id = await new AgentRecovery(this.flags, this.checkpoint, this.tasks).run(this.info);
    this.recoverySecs = (performance.now() - began) / 1000;
    if (this.phase === 'TERMINATING') return;
    logInfo('Finished recovery');
    this.phase = 'DISCONNECTED';
    this.detect();
  }

  readonly receivers: Receivers = {
    SlaveRegisteredMessage: (from, body) => this.registered(from, body),
    SlaveReregisteredMessage: (from, body) => this.reregistered(from, body),
    PingSlaveMessage: (from, { connected }) => this.ping(from, connected),
    RunTaskMessage: (from, { framework, task }) => {
      if (!this.isLeader(from, 'run task message')) return;
      logInfo(`Got assigned task '${task.taskId}' for framework ${framework.id}`);
      void this.tasks.launch(framework, task);
    },
    KillTaskMessage: (from, key) => {
      if (this.isLeader(from, 'kill task message')) this.tasks.end(key, { state: 'TASK_KILLED', message: 'Killed' });
    },
    ShutdownFrameworkMessage: (from, { frameworkId }) => {
      if (!this.isLeader(from, `shutdown framework message for ${frameworkId}`)) return;
      logInfo(`Asked to shut down framework ${frameworkId} by ${from}`);
      void this.tasks.shutDown(frameworkId);
    },
    ShutdownMessage: (from, { reason }) => {
      if (!this.isLeader(from, 'shutdown message')) return;
      logWarning(`Agent asked to shut down by ${from} because '${reason}'`);
      void this.terminate();
    },
    StatusUpdateAcknowledgementMessage: (from, body) => {
      if (this.isLeader(from, 'acknowledgement')) this.tasks.acknowledged(body, body.uuid);
    },
  };

  /** SIGUSR1: leave the cluster for good and take every task along. */
  async unregister(): Promise<void> {
    logInfo('Received SIGUSR1 signal; unregistering and shutting down');
    if (this.leader !== null && this.id !== null) {
      this.messenger.send(leaderPid(this.leader), 'UnregisterSlaveMessage', { agentId: this.id });
    }
    await this.terminate();
  }

  private async terminate(): Promise<void> {
    this.phase = 'TERMINATING';
    this.stopRegistering();
    await this.tasks.shutDown(null);
    process.exit(0);
  }

  private detect(): void {
    this.detecting = true;
    this.detector.on('failed', (text) => exitWith(1, `Failed to detect a master: ${text}`));
    this.detector.on('leader', (leader) => this.detected(leader));
  }

  private detected(leader: MasterInfo | null): void {
    this.stopRegistering();
    this.dropLink();
    this.dropLink = () => undefined;
    this.updates.pause();
    if (this.phase === 'RUNNING') this.phase = 'DISCONNECTED';
    this.leader = leader;
    if (leader === null) {
      logInfo('Lost leading master');
      return;
    }
    logInfo(`New master detected at ${leaderPid(leader)}`);
    if (this.phase === 'TERMINATING') {
      logInfo('Skipping registration because agent is terminating');
      return;
    }
    this.dropLink = this.messenger.link(leaderPid(leader), () => {
      logInfo(`Got exited event for ${leaderPid(leader)}`);
      logWarning('Master disconnected! Waiting for a new master to be elected');
    });
    logInfo('No credentials provided. Attempting to register without authentication');
    const backoffMs = this.flags.durationMs('registration_backoff_factor');
    this.registration = setTimeout(() => this.register(backoffMs * 2), Math.random() * backoffMs);
  }

  private register(maxBackoffMs: number): void {
    if (this.leader === null || this.phase !== 'DISCONNECTED') return;
    if (this.id === null) {
      this.messenger.send(leaderPid(this.leader), 'RegisterSlaveMessage', { agent: this.info, version: MESOS_VERSION });
    } else {
      this.messenger.send(leaderPid(this.leader), 'ReregisterSlaveMessage', {
        agent: { ...this.info, id: this.id },
        version: MESOS_VERSION,
        frameworks: this.tasks.frameworks(),
        tasks: this.tasks.all().map(({ info }) => info),
      });
    }
    const delayMs = Math.random() * maxBackoffMs;
    logInfo(`Will retry registration in ${formatDuration(delayMs)} if necessary`);
    const nextMs = Math.min(maxBackoffMs * 2, scaled(REGISTER_RETRY_MAX_MS));
    this.registration = setTimeout(() => this.register(nextMs), delayMs);
  }

  private registered(from: string, body: Messages['SlaveRegisteredMessage']): void {
    if (!this.isLeader(from, 'registration message')) return;
    if (this.phase === 'RUNNING' && this.id !== body.agentId) {
      exitWith(1, `Registered but got wrong id: ${body.agentId} (expected: ${this.id}). Committing suicide`);
    }
    if (this.phase !== 'DISCONNECTED') return;
    logInfo(`Registered with master ${from}; given agent ID ${body.agentId}`);
    this.id = body.agentId;
    this.checkpoint.writeAgent({ ...this.info, id: body.agentId });
    this.running(body.totalPingTimeoutMs);
  }

  private reregistered(from: string, body: Messages['SlaveReregisteredMessage']): void {
    if (!this.isLeader(from, 're-registration message')) return;
    if (this.id !== body.agentId) {
      exitWith(1, `Re-registered but got wrong id: ${body.agentId} (expected: ${this.id}). Committing suicide`);
    }
    if (this.phase === 'DISCONNECTED') {
      logInfo(`Re-registered with master ${from}`);
      this.running(body.totalPingTimeoutMs);
    } else if (this.phase === 'RUNNING') {
      logWarning(`Already re-registered with master ${from}`);
    }
    for (const key of body.reconciliations) {
      if (this.tasks.get(key) !== undefined || this.leader === null || this.id === null) continue;
      logWarning(
        `Agent reconciling task ${key.taskId} of framework ${key.frameworkId} in state TASK_LOST: task unknown to the agent`,
      );
      const update = { ...key, agentId: this.id, state: 'TASK_LOST' as const, uuid: '', containerId: null };
      this.messenger.send(leaderPid(this.leader), 'StatusUpdateMessage', {
        update: { ...update, message: 'Reconciliation: task unknown to the agent', timestamp: Date.now() / 1000 },
        latestState: 'TASK_LOST',
      });
    }
  }

  private running(totalPingTimeoutMs: number): void {
    this.stopRegistering();
    this.phase = 'RUNNING';
    this.masterPingTimeoutMs = totalPingTimeoutMs;
    this.armPingTimer();
    this.updates.resume();
  }

  /** Answers in every phase and whoever asks (src/slave/slave.cpp `ping`). */
  private ping(from: string, connected: boolean): void {
    this.messenger.send(from, 'PongSlaveMessage', {});
    if (!connected && this.phase === 'RUNNING') {
      logInfo(
        'Master marked the agent as disconnected but the agent considers itself registered! Forcing re-registration.',
      );
      this.redetect();
    }
    this.armPingTimer();
  }

  private armPingTimer(): void {
    if (this.pingTimer !== null) clearTimeout(this.pingTimer);
    this.pingTimer = setTimeout(() => {
      logInfo(`No pings from master received within ${formatDuration(this.masterPingTimeoutMs)}`);
      this.redetect();
    }, this.masterPingTimeoutMs);
  }

  private redetect(): void {
    if (!this.detecting) return;
    logInfo('Re-detecting master');
    this.detected(this.leader);
  }

  private isLeader(from: string, what: string): boolean {
    const expected = this.leader === null ? 'None' : leaderPid(this.leader);
    if (expected === from) return true;
    logWarning(`Ignoring ${what} from ${from} because it is not the expected master: ${expected}`);
    return false;
  }

  private latestState(key: { frameworkId: string; taskId: string }): Messages['StatusUpdateMessage']['latestState'] {
    return this.tasks.get(key)?.info.state ?? 'TASK_LOST';
  }

  private stopRegistering(): void {
    if (this.registration !== null) clearTimeout(this.registration);
    this.registration = null;
  }
}
