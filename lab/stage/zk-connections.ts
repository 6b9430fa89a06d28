import { readdir, readFile, readlink } from 'node:fs/promises';

/** Addresses at `port` that a process has established TCP connections with, from `/proc`. */
export async function zkServersOf(pid: number, port: number): Promise<string[]> {
  const fds = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const inodes = new Set(
    links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter((inode) => inode !== undefined),
  );
  const table = await readFile(`/proc/${pid}/net/tcp`, 'utf8');
  const servers = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '01' && inodes.has(inode ?? ''))
    .map(([, , remote = '']) => remote.split(':'))
    .filter(([, hexPort = '']) => Number.parseInt(hexPort, 16) === port)
    .map(([hex = '']) =>
      (hex.match(/../g) ?? [])
        .reverse()
        .map((byte) => Number.parseInt(byte, 16))
        .join('.'),
    );
  return [...new Set(servers)];
}
