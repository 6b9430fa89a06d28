import { existsSync, readFileSync, readdirSync, realpathSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { controlSocketPath } from '../hosts/supervisor.js';
import { isAlive, killAll, processesOfLab, signalProcess } from '../hosts/processes.js';

/** What a lab makes in its folder; nothing else is ever removed. What marks the folder as a lab's goes last. */
export const labEntries = ['cluster.yaml', 'ssh', 'hosts', 'journal', 'watchers', 'credentials', 'lab.json', 'lab.pid'];

/** How long a living lab may take to stop before it is killed, in ms. */
const patienceMs = 20_000;

/** The process that runs the lab in `dir`, null when none does (any more). */
export function labProcess(dir: string): number | null {
  const file = join(dir, 'lab.pid');
  if (!existsSync(file)) return null;
  const [pid = '', started = ''] = readFileSync(file, 'utf8').trim().split(' ');
  return isAlive(Number(pid)) && startTicks(Number(pid)) === started ? Number(pid) : null;
}

/** Marks the folder as a lab of this process; `PID STARTTICKS`, since a pid may be used again by another process. */
export function claimFolder(dir: string): void {
  writeFileSync(join(dir, 'lab.pid'), `${String(process.pid)} ${startTicks(process.pid)}\n`);
}

/** The folder stays a lab's, but no process runs it any more. */
export function releaseFolder(dir: string): void {
  writeFileSync(join(dir, 'lab.pid'), '0 none\n');
}

/** Whether a lab was started here: nothing is ever removed from any other folder. */
export function isLabFolder(dir: string): boolean {
  return existsSync(join(dir, 'lab.pid')) || existsSync(join(dir, 'lab.json'));
}

/** What stands in the way of a new lab: entries of the names it needs, in a folder that is no lab's. */
export function foreignEntries(dir: string): string[] {
  return isLabFolder(dir) ? [] : labEntries.filter((entry) => existsSync(join(dir, entry)));
}

/**
 * `lab down`: stops a lab that still runs and ends what a crashed one left, then removes its files.
 *
 * @returns how many processes had to be killed
 */
export async function labDown(folder: string): Promise<{ killed: number }> {
  const dir = existsSync(folder) ? realpathSync(folder) : resolve(folder);
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
  if (!isLabFolder(dir)) return;
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
