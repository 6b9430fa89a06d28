import { existsSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { controlSocketPath } from '../hosts/supervisor.js';
import { isAlive, killAll, processesOfLab, signalProcess } from '../hosts/processes.js';

/** What a lab makes in its folder; nothing else is ever removed. */
export const labEntries = ['lab.json', 'cluster.yaml', 'lab.pid', 'ssh', 'hosts', 'journal', 'watchers', 'credentials'];

/** How long a living lab may take to stop before it is killed, in ms. */
const patienceMs = 20_000;

/** The process that runs the lab in `dir`, null when none does (any more). */
export function labProcess(dir: string): number | null {
  const file = join(dir, 'lab.pid');
  if (!existsSync(file)) return null;
  const [pid = '', started = ''] = readFileSync(file, 'utf8').trim().split(' ');
  return isAlive(Number(pid)) && startTicks(Number(pid)) === started ? Number(pid) : null;
}

/** `PID STARTTICKS`, so that a number used again by another process is not taken for the lab. */
export function labProcessMark(pid: number): string {
  return `${String(pid)} ${startTicks(pid)}\n`;
}

/**
 * `lab down`: stops a lab that still runs and ends what a crashed one left, then removes its files.
 *
 * @returns how many processes had to be killed
 */
export async function labDown(folder: string): Promise<{ killed: number }> {
  const dir = resolve(folder);
  const running = labProcess(dir);
  if (running !== null && running !== process.pid) {
    signalProcess(running, 'SIGTERM');
    for (const until = performance.now() + patienceMs; isAlive(running) && performance.now() < until;) await delay(50);
    if (isAlive(running)) signalProcess(running, 'SIGKILL');
  }
  const killed = processesOfLab(dir).length;
  await killAll(() => processesOfLab(dir));
  removeFiles(dir);
  return { killed };
}

/** Removes what a lab made in `dir`, and `dir` itself when nothing else is in it. */
export function removeFiles(dir: string): void {
  const hosts = join(dir, 'hosts');
  if (existsSync(hosts))
    for (const name of readdirSync(hosts)) rmSync(controlSocketPath(join(hosts, name)), { force: true });
  for (const entry of labEntries) rmSync(join(dir, entry), { recursive: true, force: true });
  if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir);
}

function startTicks(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .split(') ')
        .at(-1)
        ?.split(' ')[19] ?? ''
    );
  } catch {
    return '';
  }
}
