import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../../lab/lab.js';
import { mastersReady } from '../../lab/up/readiness.js';
import { zkServersOf } from './zk-connections.js';

export type Role = 'masters' | 'agents' | 'frameworks';

/** Waits for a condition. @throws when it has not come in a minute, or `patienceMs` */
export async function until<T>(
  look: () => Promise<T | null | false> | T | null | false,
  what: string,
  { patienceMs = 60_000, everyMs = 100 } = {},
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    assert.ok(Date.now() < end, `it did not come that ${what}`);
    await delay(everyMs);
  }
}

/** Config name of the one master that says it leads; waits until there is one, and another than `other`. */
export function leaderOf(lab: Lab, other?: string): Promise<string> {
  return until(async () => {
    const claims = await Promise.all(
      lab.refresh().masters.map(async ({ name, host, httpPort }) => {
        const answer = await fetch(`http://${host}:${httpPort}/metrics/snapshot`).catch(() => null);
        const metrics = (await answer?.json().catch(() => null)) as Record<string, number> | null;
        return metrics?.['master/elected'] === 1 ? [name] : [];
      }),
    );
    const [leader] = claims.flat();
    return leader !== undefined && leader !== other ? leader : null;
  }, 'a master leads');
}

/** One master leads, its registry is recovered, and every master counts all replicas of it. */
export async function mastersWhole(lab: Lab): Promise<void> {
  const { masters } = lab.json;
  const placed = masters.map(({ name, host }) => ({ name, address: host }));
  const port = masters[0]?.httpPort ?? 0;
  await until(async () => (await mastersReady(placed, port)) === null, 'every master counts all replicas');
}

/** Every Mesos process of these roles is connected to the servers of this side, and to no others. */
export async function standsOn(
  lab: Lab,
  side: 'source' | 'target' | 'observers',
  roles: readonly Role[] = ['masters', 'agents', 'frameworks'],
): Promise<void> {
  const json = lab.refresh();
  const wanted = new Set(json[side].map(({ host }) => host));
  for (const { name, pid } of roles.flatMap((role) => json[role])) {
    assert.notEqual(pid, null, `${name} runs`);
    const servers = await zkServersOf(pid ?? 0, json.source[0]?.clientPort ?? 0);
    assert.ok(servers.length > 0, `${name} is connected to ZooKeeper`);
    for (const server of servers) assert.ok(wanted.has(server), `${name} is connected to ${server}, not ${side}`);
  }
}
