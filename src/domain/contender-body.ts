import type { ContenderName } from './election.js';

/**
 * `master@ip:port` of the master that wrote a contender's body: JSON under the label `json.info`, a
 * UPID as plain text without a label (Mesos `src/master/detector/zookeeper.cpp`). Null when it cannot
 * be read; a binary body (`info`, Mesos ≤ 0.23) is not supported.
 */
export function pidOfContender({ label }: Pick<ContenderName, 'label'>, body: Buffer): string | null {
  const text = body.toString('utf8');
  if (label === null) return /^[^@\s]+@\S+:\d+$/.test(text) ? text : null;
  if (label !== 'json.info') return null;
  try {
    const { pid } = JSON.parse(text) as { pid?: unknown };
    return typeof pid === 'string' ? pid : null;
  } catch {
    return null;
  }
}

/** `ip` and `port` of a UPID such as `master@10.0.0.1:5050` or `log-replica(1)@[::1]:5050`. */
export function endpointOfPid(pid: string): { readonly ip: string; readonly port: number } | null {
  const [, ip, port] = /@\[?([^\]@]+?)\]?:(\d+)$/.exec(pid) ?? [];
  return ip === undefined ? null : { ip, port: Number(port) };
}
