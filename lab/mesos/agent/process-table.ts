import { readFileSync } from 'node:fs';

/**
 * When a process started, in clock ticks since boot, or null when it does not run: gone, or dead and
 * not yet reaped. Without a proc file system the answer is `0` for any process that can be signalled.
 */
export function startTicksOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19]);
  } catch {
    return process.platform !== 'linux' && canSignal(pid) ? 0 : null;
  }
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
