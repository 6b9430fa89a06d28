import { readdirSync, readFileSync } from 'node:fs';

/** Processes whose environment or command line names the run's own scratch folder: children that a test left. */
function leftovers(scratch) {
  const found = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      // A zombie has no command line: it has ended and only waits to be reaped.
      if (command === '') continue;
      if (command.includes(scratch) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(scratch)) {
        found.push({ pid, command });
      }
    } catch {
      continue; // it ended meanwhile, or belongs to somebody else
    }
  }
  return found;
}

/** One that waits for a disk cannot be killed, and must not be waited for. */
const MOST_ROUNDS = 50;

/**
 * Kills until nothing is left: a process may fork while it is being killed.
 *
 * @returns {{pid: number, command: string}[]} what ran, and has been ended
 */
export function killLeftovers(scratch) {
  if (process.platform !== 'linux') return [];
  const killed = new Map();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const found = leftovers(scratch);
    if (found.length === 0) break;
    for (const one of found) {
      killed.set(one.pid, one);
      try {
        process.kill(one.pid, 'SIGKILL');
      } catch {
        continue;
      }
    }
  }
  return [...killed.values()];
}

/**
 * Ends what the tests left running, names it, and counts it as a failure.
 *
 * @param {string} after the tests that have just ended
 */
export async function endLeftovers(scratch, after) {
  const none = { passed: 0, failed: 0, failures: [] };
  const found = killLeftovers(scratch);
  if (found.length === 0) return none;
  const text = found.map(({ pid, command }) => `  ${pid} ${command.slice(0, 160)}\n`).join('');
  process.stdout.write(`FAILED ${found.length} processes were left running:\n${text}`);
  const where = `${after}: ${found.length} processes were left running`;
  return { passed: 0, failed: 1, failures: [{ where, text }] };
}
