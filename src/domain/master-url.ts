import { FerryError } from './errors.js';
import type { MasterUrl } from './plan.js';

export interface ParsedMasterUrl {
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  /** Starts with `/`, has no trailing `/`. */
  readonly path: string;
  /** `user:password`, or null. */
  readonly credentials: string | null;
}

/** The text is no master URL as Mesos reads it. The message never repeats credentials. */
export class MasterUrlError extends FerryError {
  readonly code = 'FERRY_MASTER_URL';
  readonly retryable = false;
  override readonly remedy = 'write it as zk://host:port,host:port/path';
}

/**
 * Reads a `zk://` master URL by the rules of Mesos (`include/mesos/zookeeper/url.hpp`): surrounding
 * space is trimmed, the path begins at the first `/` after the scheme, credentials end at the last
 * `@` before it. Its ZooKeeper client wants a port on every server. Path `/` alone is refused, as
 * masters and agents do; one trailing `/` is dropped. IPv6 addresses come with or without brackets
 * and are returned without.
 *
 * @throws MasterUrlError naming what is wrong.
 */
export function parseMasterUrl(text: string): ParsedMasterUrl {
  const url = text.trim();
  if (url === '') throw new MasterUrlError('the master URL is empty');
  if (url.startsWith('file://')) {
    throw new MasterUrlError(`the master URL is a reference (${url.split(/\s/)[0] ?? ''}), not a zk:// URL`);
  }
  if (!url.startsWith('zk://')) throw new MasterUrlError('the master URL does not begin with zk://');
  if (/[\r\n]/.test(url)) throw new MasterUrlError('the master URL spans several lines');
  const rest = url.slice('zk://'.length);
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const at = authority.lastIndexOf('@');
  return {
    servers: parseServers(authority.slice(at + 1)),
    path: parsePath(slash < 0 ? '/' : rest.slice(slash)),
    credentials: at < 0 ? null : authority.slice(0, at),
  };
}

function parseServers(list: string): ParsedMasterUrl['servers'] {
  if (list === '') throw new MasterUrlError('the master URL names no server');
  return list.split(',').map((entry, index) => {
    const where = `server ${String(index + 1)} of the master URL`;
    // A slash in a password ends the authority early, so an entry may hold a part of it: never quoted.
    const match = /^(?:\[([^\]]*)\]|(.*)):([^:]*)$/.exec(entry);
    if (match === null) throw new MasterUrlError(`${where} has no port`);
    const address = match[1] ?? match[2] ?? '';
    const port = Number(match[3]);
    if (!/^[A-Za-z0-9._:%-]+$/.test(address)) throw new MasterUrlError(`${where} has no usable address`);
    if (!/^\d+$/.test(match[3] ?? '') || port < 1 || port > 65_535) {
      throw new MasterUrlError(`${where} has no port between 1 and 65535`);
    }
    return { address, port };
  });
}

function parsePath(text: string): string {
  const path = text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text;
  if (path === '/') throw new MasterUrlError('the master URL has no path; Mesos refuses the root /');
  if (!/^(\/[^/\s@]+)+$/.test(path)) {
    throw new MasterUrlError('the path of the master URL is not made of plain znode names');
  }
  return path;
}

/**
 * The text that belongs into a master URL place, credentials (`user:password`, or null) in front of
 * the hosts.
 * @throws MasterUrlError when the credentials hold what Mesos would take for the path or for space.
 */
export function formatMasterUrl(url: MasterUrl, credentials: string | null): string {
  if (credentials !== null && !isUrlSafe(credentials)) {
    throw new MasterUrlError('the credentials are not user:password free of slashes, spaces and line ends');
  }
  const hosts = url.servers.map(({ address, port }) => `${bracketed(address)}:${String(port)}`).join(',');
  return `zk://${credentials === null ? '' : `${credentials}@`}${hosts}${url.path}`;
}

/** Whether `user:password` can stand in a master URL: a `/` would begin the path. */
function isUrlSafe(credentials: string): boolean {
  return /^[^\s/:]+:[^\s/]+$/.test(credentials);
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** A word from its `zk://` on: taken whole even without credentials, so that no search begins in it a second time. */
export const MASTER_URL_WORD = /zk:\/\/([^\s"]*@)?([^\s"]*)/g;

/**
 * Replaces the credentials of every `zk://user:pass@` anywhere in a text by `***`. Rather hides too
 * much than too little: everything up to the last `@` of the word goes.
 */
export function redactUrl(text: string): string {
  return text.replaceAll(MASTER_URL_WORD, (word: string, credentials: string | undefined, rest: string) =>
    credentials === undefined ? word : `zk://***@${rest}`,
  );
}

/** Whether two URLs name the same servers, in any order. */
export function sameServers(a: Pick<MasterUrl, 'servers'>, b: Pick<MasterUrl, 'servers'>): boolean {
  const keys = (url: Pick<MasterUrl, 'servers'>): string[] =>
    [...new Set(url.servers.map(({ address, port }) => `${address.toLowerCase()} ${String(port)}`))].sort();
  return keys(a).join() === keys(b).join();
}
