import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Task processes of an agent host that live, task id → pid, without asking the agent: pids from
 * its checkpoint (Mesos `src/slave/paths.hpp`), lives from /proc, told from a reused pid by the start
 * time that the miniature notes beside the pid.
 *
 * Every id the agent ever had counts: tasks of a lost id still are tasks.
 *
 * @param root the host's root; the packages' work_dir is `/var/lib/mesos`.
 */
export function tasksAlive(root: string): Record<string, number> {
  const alive: Record<string, number> = {};
  const slaves = join(root, 'var/lib/mesos/meta/slaves');
  for (const slave of list(slaves)) {
    for (const framework of list(join(slaves, slave, 'frameworks'))) {
      const executors = join(slaves, slave, 'frameworks', framework, 'executors');
      for (const executor of list(executors)) {
        const runs = join(executors, executor, 'runs');
        for (const run of list(runs)) {
          const pid = livingPid(join(runs, run));
          if (pid === null) continue;
          for (const task of list(join(runs, run, 'tasks'))) alive[task] = pid;
        }
      }
    }
  }
  return alive;
}

function livingPid(run: string): number | null {
  if (existsSync(join(run, 'executor.sentinel'))) return null;
  const pid = Number(readOr(join(run, 'pids/forked.pid'), ''));
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const stat = readOr(`/proc/${pid}/stat`, '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') return null;
  const startTicks = readOr(join(run, 'pids/forked.start'), '');
  return startTicks === '' || startTicks.trim() === fields[19] ? pid : null;
}

/** Folders in a folder; `latest` is a link to one of them. */
function list(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
