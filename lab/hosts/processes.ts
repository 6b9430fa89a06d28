import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Environment variables that mark every process of a host; children inherit them, however they detach. */
export const hostTag = 'ZKFERRY_LAB_HOST';
export const unitTag = 'ZKFERRY_LAB_UNIT';

/**
 * Live processes whose environment holds every given assignment: the lab's stand-in for a control
 * group, which an ordinary user cannot create. Zombies have no environment and do not count.
 */
export function processesTagged(tags: Readonly<Record<string, string>>): number[] {
  const wanted = Object.entries(tags).map(([name, value]) => `${name}=${value}`);
  return everyPid().filter((pid) => {
    const environment = read(`/proc/${String(pid)}/environ`).split('\0');
    return wanted.every((assignment) => environment.includes(assignment));
  });
}

/** Live processes that belong to a folder: by working directory, command line or environment. Not this one. */
export function processesOf(folder: string): number[] {
  const inside = (text: string) => text === folder || text.includes(`${folder}/`);
  return everyPid().filter((pid) => {
    if (pid === process.pid) return false;
    const entry = `/proc/${String(pid)}`;
    return (
      inside(link(`${entry}/cwd`)) ||
      read(`${entry}/cmdline`).split('\0').some(inside) ||
      read(`${entry}/environ`)
        .split('\0')
        .some((assignment) => inside(assignment.slice(assignment.indexOf('=') + 1)))
    );
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

function everyPid(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
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
