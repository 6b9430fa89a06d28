import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { parseSocketAddress } from '../../src/domain/socket-table.js';
import { environmentOf, everyPid, hostTag, labTag } from '../hosts/processes.js';

/**
 * Who holds connections, by their own ends (`ip:port`): the name of the lab host on which the process runs, `lab` for
 * the lab itself and what runs beside its hosts, `worker` for everything else. An end that nobody holds is missing.
 */
export function ownersOf(ends: ReadonlySet<string>): Map<string, string> {
  const endOf = new Map<string, string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
      const [, local = '', , , , , , , , inode = ''] = line.trim().split(/\s+/);
      if (local === '') continue;
      const { ip, port } = parseSocketAddress(local);
      const end = `${ip}:${String(port)}`;
      if (ends.has(end)) endOf.set(`socket:[${inode}]`, end);
    }
  }
  const owners = new Map<string, string>();
  for (const pid of everyPid()) {
    if (owners.size === endOf.size) break;
    for (const link of descriptorsOf(pid)) {
      const end = endOf.get(link);
      if (end !== undefined) owners.set(end, ownerOf(pid));
    }
  }
  return owners;
}

function ownerOf(pid: number): string {
  const environment = environmentOf(pid);
  const value = (tag: string) => environment.find((entry) => entry.startsWith(`${tag}=`))?.slice(tag.length + 1);
  const root = value(hostTag);
  if (root !== undefined) return basename(root);
  return pid === process.pid || value(labTag) !== undefined ? 'lab' : 'worker';
}

function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${String(pid)}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
