import { readFileSync } from 'node:fs';

/** A master URL as Mesos' ZooKeeper side reads it. */
export interface ZkUrl {
  /** In the order given; every client shuffles them for itself. */
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  /** Election path, without a trailing slash. */
  readonly path: string;
  /** `user:password` for digest authentication, or null. */
  readonly credentials: string | null;
}

const defaultPort = 2181;

/**
 * Reads the value of a `--zk` or `--master` flag: `zk://user:password@host:port,…/path`, or
 * `file:///path` of a file that holds such a text. The file is read once, now (Mesos
 * include/mesos/zookeeper/url.hpp, src/master/main.cpp).
 *
 * @throws Error with Mesos' text when the value is not usable; the process should exit 1 with it.
 */
export function resolveZkUrl(flagValue: string): ZkUrl {
  if (!flagValue.startsWith('file://')) return parseZkUrl(flagValue);
  const path = flagValue.slice('file://'.length);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`Failed to read from file at '${path}': ${(cause as Error).message}`, { cause });
  }
  return parseZkUrl(text);
}

/** The same for the text of a URL that is already at hand. */
export function parseZkUrl(text: string): ZkUrl {
  const scheme = 'zk://';
  const trimmed = text.trim();
  if (!trimmed.startsWith(scheme)) throw new Error("Expecting 'zk://' at the beginning of the URL");
  const rest = trimmed.slice(scheme.length);
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '/' : rest.slice(slash);
  if (path === '/') throw new Error("Expecting a (chroot) path for ZooKeeper ('/' is not supported)");
  // A password may hold an @ of its own: the last one ends the credentials.
  const at = authority.lastIndexOf('@');
  return {
    servers: authority
      .slice(at + 1)
      .split(',')
      .filter((server) => server !== '')
      .map(readServer),
    path: path.endsWith('/') ? path.slice(0, -1) : path,
    credentials: at < 0 ? null : authority.slice(0, at),
  };
}

function readServer(text: string): { address: string; port: number } {
  const [, address = text, port] = /^(.*):(\d+)$/.exec(text) ?? [];
  return { address, port: port === undefined ? defaultPort : Number(port) };
}
