import { randomUUID } from 'node:crypto';
import { logInfo, logWarning } from '../log.js';
import {
  isTerminal,
  type FrameworkInfo,
  type StatusUpdate,
  type TaskInfo,
  type TaskKey,
  type TaskState,
} from '../messages.js';
import type { Checkpoint } from './checkpoint.js';
import { Executor } from './executor.js';
import type { StatusUpdates } from './status-updates.js';

export interface AgentTask {
  info: TaskInfo & { containerId: string };
  readonly framework: FrameworkInfo;
  readonly executor: Executor;
  /** Null for a framework without checkpointing. */
  readonly runDir: string | null;
  /** Set when we end it ourselves: what its end then means. */
  ending: { state: TaskState; message: string } | null;
}

export interface TaskBookSettings {
  readonly agentId: () => string;
  readonly endpoint: string;
  readonly recoveryTimeoutMs: number;
  readonly registrationTimeoutMs: number;
}

/** The agent's executors and tasks: starts, recovers and ends them, and turns that into status updates. */
export class TaskBook {
  private readonly tasks = new Map<string, AgentTask>();
  executorsTerminated = 0;

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly updates: StatusUpdates,
    private readonly settings: TaskBookSettings,
  ) {}

  all(): AgentTask[] {
    return [...this.tasks.values()];
  }

  get(key: TaskKey): AgentTask | undefined {
    return this.tasks.get(keyOf(key));
  }

  frameworks(): FrameworkInfo[] {
    return [...new Map(this.all().map(({ framework }) => [framework.id, framework])).values()];
  }

  async launch(framework: FrameworkInfo, requested: TaskInfo): Promise<void> {
    const agentId = this.settings.agentId();
    const info = { ...requested, agentId, state: 'TASK_STAGING' as TaskState, containerId: randomUUID() };
    const runDir = framework.checkpoint ? this.checkpoint.runDir(agentId, info) : null;
    if (runDir !== null) this.checkpoint.writeRun(runDir, framework, info);
    const sandbox = this.checkpoint.sandboxDir(agentId, info);
    logInfo(`Launching executor '${info.taskId}' of framework ${framework.id} in work directory '${sandbox}'`);
    const executor = Executor.start(
      {
        fifo: fifoIn(sandbox),
        sandbox,
        checkpoint: framework.checkpoint,
        recoveryTimeoutMs: this.settings.recoveryTimeoutMs,
        env: {
          MESOS_TASK_ID: info.taskId,
          MESOS_EXECUTOR_ID: info.taskId,
          MESOS_CONTAINER_ID: info.containerId,
          MESOS_FRAMEWORK_ID: framework.id,
          MESOS_SLAVE_ID: agentId,
          MESOS_AGENT_ENDPOINT: this.settings.endpoint,
          MESOS_CHECKPOINT: framework.checkpoint ? '1' : '0',
          MESOS_SANDBOX: sandbox,
        },
      },
      () => this.terminated(info),
    );
    this.tasks.set(keyOf(info), { info, framework, executor, runDir, ending: null });
    if (runDir !== null) this.checkpoint.writePid(runDir, executor.pid, executor.startTicks);
    if (await executor.connect(this.settings.registrationTimeoutMs)) {
      logInfo(`Got registration for executor '${info.taskId}' of framework ${framework.id}`);
      this.update(info, 'TASK_RUNNING', '');
    } else {
      this.end(info, {
        state: 'TASK_FAILED',
        message: 'Executor did not register within executor_registration_timeout',
      });
    }
  }

  /**
   * Takes up the checkpointed executors. Those that are not back within `reregistrationTimeoutMs` are
   * killed; with executors at all, the whole timeout passes before recovery goes on (src/slave/slave.cpp).
   */
  async recover(agentId: string, reregistrationTimeoutMs: number): Promise<void> {
    const runs = this.checkpoint.readRuns(agentId);
    for (const run of runs) {
      const info = recoveredInfo(run.task, run.updates);
      const fifo = fifoIn(this.checkpoint.sandboxDir(agentId, info));
      const executor = Executor.recover({ pid: run.pid, startTicks: run.startTicks, fifo }, () =>
        this.terminated(info),
      );
      this.tasks.set(keyOf(info), { info, framework: run.framework, executor, runDir: run.dir, ending: null });
      const acknowledged = new Set(run.updates.flatMap((record) => (record.type === 'ACK' ? [record.uuid] : [])));
      for (const record of run.updates) {
        if (record.type === 'UPDATE' && !acknowledged.has(record.update.uuid)) this.updates.add(record.update);
      }
    }
    if (runs.length === 0) return;
    const patience = new Promise((resolve) => setTimeout(resolve, reregistrationTimeoutMs));
    const connecting = this.all().map(async (task) => {
      if (!task.executor.runs()) return;
      if (await task.executor.connect(reregistrationTimeoutMs)) {
        logInfo(`Received re-registration of executor '${task.info.taskId}' of framework ${task.framework.id}`);
        if (task.info.state === 'TASK_STAGING') this.update(task.info, 'TASK_RUNNING', '');
      }
    });
    await Promise.all([patience, ...connecting]);
    for (const task of this.all()) {
      if (task.executor.connected) continue;
      logInfo(`Killing un-reregistered executor '${task.info.taskId}' of framework ${task.framework.id}`);
      this.end(task.info, { state: 'TASK_FAILED', message: 'Executor did not re-register' });
    }
  }

  end(key: TaskKey, ending: { state: TaskState; message: string }): void {
    const task = this.get(key);
    if (task === undefined) return;
    task.ending ??= ending;
    task.executor.kill();
  }

  /** Kills a framework's tasks, or everybody's, without any update: nobody is left to read it. */
  async shutDown(frameworkId: string | null): Promise<void> {
    const chosen = this.all().filter(({ framework }) => frameworkId === null || framework.id === frameworkId);
    for (const task of chosen) {
      task.info = { ...task.info, state: 'TASK_KILLED' };
      task.executor.kill();
    }
    while (chosen.some(({ executor }) => executor.runs())) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const task of chosen) this.forget(task);
  }

  acknowledged(key: TaskKey, uuid: string): void {
    const update = this.updates.acknowledge(key, uuid);
    const task = this.get(key);
    if (update === null || task === undefined) return;
    if (task.runDir !== null) this.checkpoint.appendUpdate(task.runDir, key.taskId, { type: 'ACK', uuid });
    if (isTerminal(update.state)) this.forget(task);
  }

  private terminated(key: TaskKey): void {
    const task = this.get(key);
    this.executorsTerminated += 1;
    if (task === undefined || isTerminal(task.info.state)) return;
    logWarning(`Executor '${key.taskId}' of framework ${key.frameworkId} terminated`);
    const ending = task.ending ?? { state: 'TASK_FAILED' as TaskState, message: 'Command terminated' };
    this.update(key, ending.state, ending.message);
  }

  private update(key: TaskKey, state: TaskState, message: string): void {
    const task = this.get(key);
    if (task === undefined) return;
    task.info = { ...task.info, state };
    const update: StatusUpdate = {
      frameworkId: key.frameworkId,
      taskId: key.taskId,
      agentId: task.info.agentId,
      state,
      uuid: randomUUID(),
      message,
      containerId: task.info.containerId,
      timestamp: Date.now() / 1000,
    };
    if (task.runDir !== null) this.checkpoint.appendUpdate(task.runDir, key.taskId, { type: 'UPDATE', update });
    this.updates.add(update);
  }

  private forget(task: AgentTask): void {
    if (task.runDir !== null) this.checkpoint.writeSentinel(task.runDir);
    this.updates.drop(task.info);
    this.tasks.delete(keyOf(task.info));
  }
}

function recoveredInfo(
  task: TaskInfo,
  updates: readonly { type: string; update?: StatusUpdate }[],
): TaskInfo & { containerId: string } {
  const last = updates.findLast((record) => record.update !== undefined)?.update;
  return { ...task, state: last?.state ?? task.state, containerId: task.containerId ?? '' };
}

function fifoIn(sandbox: string): string {
  return `${sandbox}/executor.fifo`;
}

function keyOf({ frameworkId, taskId }: TaskKey): string {
  return `${frameworkId}/${taskId}`;
}
