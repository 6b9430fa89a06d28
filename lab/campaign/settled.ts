import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../lab.js';
import { zkServersOf } from '../stage/zk-connections.js';
import { agentsReady, frameworksReady, mastersReady } from '../up/readiness.js';

/**
 * Waits until the cluster stands as it should: one leader, whole registry, every agent and framework, and every process
 * connected to a ZooKeeper server again, which an ensemble that has just found its quorum takes some seconds for.
 *
 * @returns null, or what was still missing after `patienceMs`
 */
export async function settled(lab: Lab, patienceMs: number): Promise<string | null> {
  const { masters, agents, frameworks } = lab.json;
  const placed = masters.map(({ name, host }) => ({ name, address: host }));
  const port = masters[0]?.httpPort ?? 0;
  const end = performance.now() + patienceMs;
  for (;;) {
    const missing =
      (await mastersReady(placed, port)) ??
      (await agentsReady(placed, port, agents.length)) ??
      (await frameworksReady(placed, port, frameworks.length)) ??
      (await connected(lab));
    if (missing === null || performance.now() > end) return missing;
    await delay(200);
  }
}

async function connected(lab: Lab): Promise<string | null> {
  const { source, masters, agents, frameworks } = lab.refresh();
  const port = source[0]?.clientPort ?? 0;
  for (const { name, pid } of [...masters, ...agents, ...frameworks]) {
    const servers = pid === null ? [] : await zkServersOf(pid, port).catch(() => []);
    if (servers.length === 0) return `${name} is connected to no ZooKeeper server`;
  }
  return null;
}
