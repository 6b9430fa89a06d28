import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Environment variables that mark every process of a host; children inherit them, however they detach. */
export const hostTag = 'ZKFERRY_LAB_HOST';
export const unitTag = 'ZKFERRY_LAB_UNIT';

/** Marks the lab's processes outside the hosts, such as the watchers; its value is the lab's folder. */
export const labTag = 'ZKFERRY_LAB_DIR';

/**
 * Live processes of one unit, by their environment: the lab's stand-in for a control group, which an
 * ordinary user cannot create. Zombies have no environment and do not count.
 */
export function processesOfUnit(root: string, unit: string): number[] {
  return everyPid().filter((pid) => {
    const environment = environmentOf(pid);
    return environment.includes(`${hostTag}=${root}`) && environment.includes(`${unitTag}=${unit}`);
  });
}

/** Live processes of the host with this root. */
export function processesOfHost(root: string): number[] {
  return everyPid().filter((pid) => environmentOf(pid).includes(`${hostTag}=${root}`) || worksIn(root, pid));
}

/** Live processes of the lab in this folder, all hosts and what runs beside them; never this process. */
export function processesOfLab(dir: string): number[] {
  const marks = [`${labTag}=${dir}`, `${hostTag}=${dir}/`];
  return everyPid().filter((pid) => {
    if (pid === process.pid) return false;
    const marked = environmentOf(pid).some((entry) => entry === marks[0] || entry.startsWith(marks[1] ?? ''));
    return marked || worksIn(`${dir}/hosts`, pid);
  });
}

/** Whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const stat = read(`/proc/${String(pid)}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Kills until the list stays empty: a process may fork while it is being killed. */
export async function killAll(list: () => number[]): Promise<void> {
  for (let pids = list(); pids.length > 0; pids = list()) {
    for (const pid of pids) signalProcess(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * A process that cleared its environment (an executor does so for its task) is known by its working
 * directory. One with a terminal is a person's shell that happens to be there.
 */
function worksIn(folder: string, pid: number): boolean {
  const cwd = link(`/proc/${String(pid)}/cwd`);
  if (cwd !== folder && !cwd.startsWith(`${folder}/`)) return false;
  const afterName =
    read(`/proc/${String(pid)}/stat`)
      .split(') ')
      .at(-1) ?? '';
  const [state, , , , terminal] = afterName.split(' ');
  return terminal === '0' && state !== 'Z' && state !== 'X';
}

export function environmentOf(pid: number): string[] {
  return read(`/proc/${String(pid)}/environ`).split('\0');
}

export function everyPid(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
