import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * Pid of the process at the other end of a loopback connection, null when it cannot be told.
 *
 * A connection belongs to the one process that accepted it, so whatever is answered over it comes
 * from that process: its entry in the machine's socket table gives the inode, the inode the holder.
 * Ask only after the first answer; before it nobody may have accepted.
 *
 * @param likely pids to try first, which saves looking through all of them.
 */
export function peerProcess(socket: Socket, likely: readonly number[]): number | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (!remoteAddress || !localAddress || remotePort === undefined || localPort === undefined) return null;
  const here = `${hex(remoteAddress)}:${portHex(remotePort)}`;
  const there = `${hex(localAddress)}:${portHex(localPort)}`;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] !== here || fields[2] !== there || fields[9] === '0') continue;
    const link = `socket:[${fields[9]}]`;
    return likely.find((pid) => holds(pid, link)) ?? everyPid().find((pid) => holds(pid, link)) ?? null;
  }
  return null;
}

function hex(ipv4: string): string {
  const octets = ipv4.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return octets.reverse().join('').toUpperCase();
}

function portHex(port: number): string {
  return port.toString(16).padStart(4, '0').toUpperCase();
}

function everyPid(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function holds(pid: number, link: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === link;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
