import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs';
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { AgentInfo, FrameworkInfo, StatusUpdate, TaskInfo } from '../messages.js';

/** A line of `task.updates`. */
export type UpdateRecord =
  { readonly type: 'UPDATE'; readonly update: StatusUpdate } | { readonly type: 'ACK'; readonly uuid: string };

/** One executor run found on disk. */
export interface CheckpointedRun {
  readonly framework: FrameworkInfo;
  readonly task: TaskInfo;
  readonly dir: string;
  readonly pid: number;
  readonly startTicks: number;
  readonly updates: readonly UpdateRecord[];
}

/**
 * The agent's memory across restarts, laid out as Mesos does it (src/slave/paths.hpp) with JSON bodies:
 * `<work_dir>/meta/slaves/latest → ID`, `…/ID/slave.info`, `…/frameworks/F/framework.info`,
 * `…/executors/E/runs/latest → C`, `…/C/pids/forked.pid`, `…/C/tasks/T/{task.info,task.updates}`.
 */
export class Checkpoint {
  private readonly slavesDir: string;

  constructor(private readonly workDir: string) {
    this.slavesDir = join(workDir, 'meta', 'slaves');
  }

  get latestLink(): string {
    return join(this.slavesDir, 'latest');
  }

  readAgent(): (AgentInfo & { id: string }) | null {
    try {
      const id = basename(readlinkSync(this.latestLink));
      return JSON.parse(readFileSync(join(this.slavesDir, id, 'slave.info'), 'utf8')) as AgentInfo & { id: string };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw cause;
    }
  }

  writeAgent(info: AgentInfo & { id: string }): void {
    writeWhole(join(this.slavesDir, info.id, 'slave.info'), JSON.stringify(info));
    relink(this.latestLink, info.id);
  }

  runDir(agentId: string, task: { frameworkId: string; taskId: string; containerId: string }): string {
    const executor = join(this.slavesDir, agentId, 'frameworks', task.frameworkId, 'executors', task.taskId);
    return join(executor, 'runs', task.containerId);
  }

  sandboxDir(agentId: string, task: { frameworkId: string; taskId: string; containerId: string }): string {
    const executor = join(this.workDir, 'slaves', agentId, 'frameworks', task.frameworkId, 'executors', task.taskId);
    return join(executor, 'runs', task.containerId);
  }

  /** Written before the executor starts, so that a crash in between leaves a task that is known and lost. */
  writeRun(runDir: string, framework: FrameworkInfo, task: TaskInfo): void {
    const frameworkDir = join(runDir, '..', '..', '..', '..');
    writeWhole(join(frameworkDir, 'framework.info'), JSON.stringify(framework));
    writeWhole(join(runDir, 'tasks', task.taskId, 'task.info'), JSON.stringify(task));
    mkdirSync(join(runDir, 'pids'), { recursive: true });
    relink(join(dirname(runDir), 'latest'), basename(runDir));
  }

  writePid(runDir: string, pid: number, startTicks: number): void {
    writeWhole(join(runDir, 'pids', 'forked.pid'), String(pid));
    writeWhole(join(runDir, 'pids', 'forked.start'), String(startTicks));
  }

  appendUpdate(runDir: string, taskId: string, record: UpdateRecord): void {
    appendFileSync(join(runDir, 'tasks', taskId, 'task.updates'), `${JSON.stringify(record)}\n`);
  }

  /** Marks a run as over; it is kept, but no longer recovered. */
  writeSentinel(runDir: string): void {
    writeWhole(join(runDir, 'executor.sentinel'), '');
  }

  /** Runs of this agent that are not over. */
  readRuns(agentId: string): CheckpointedRun[] {
    const frameworksDir = join(this.slavesDir, agentId, 'frameworks');
    return list(frameworksDir).flatMap((frameworkId) =>
      list(join(frameworksDir, frameworkId, 'executors')).flatMap((taskId) => {
        const frameworkDir = join(frameworksDir, frameworkId);
        const run = readRun(frameworkDir, taskId);
        return run === null ? [] : [run];
      }),
    );
  }
}

function readRun(frameworkDir: string, taskId: string): CheckpointedRun | null {
  const runsDir = join(frameworkDir, 'executors', taskId, 'runs');
  try {
    const dir = join(runsDir, basename(readlinkSync(join(runsDir, 'latest'))));
    if (existsSync(join(dir, 'executor.sentinel'))) return null;
    const framework = JSON.parse(readFileSync(join(frameworkDir, 'framework.info'), 'utf8')) as FrameworkInfo;
    const task = JSON.parse(readFileSync(join(dir, 'tasks', taskId, 'task.info'), 'utf8')) as TaskInfo;
    const updates = readLines(join(dir, 'tasks', taskId, 'task.updates')).map(
      (line) => JSON.parse(line) as UpdateRecord,
    );
    const pid = Number(readLines(join(dir, 'pids', 'forked.pid'))[0] ?? 0);
    const startTicks = Number(readLines(join(dir, 'pids', 'forked.start'))[0] ?? 0);
    return { framework, task, dir, pid, startTicks, updates };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}

/** Whole lines only: a crash may have cut the last one short. */
function readLines(path: string): string[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const whole = path.endsWith('.updates') ? lines.slice(0, -1) : lines;
  return whole.filter((line) => line !== '');
}

function list(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir).filter((name) => !name.endsWith('.info')) : [];
}

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function relink(link: string, target: string): void {
  mkdirSync(dirname(link), { recursive: true });
  const temporary = `${link}.tmp`;
  try {
    unlinkSync(temporary);
  } catch {
    // Nothing was left by a crash.
  }
  symlinkSync(target, temporary);
  renameSync(temporary, link);
}
