import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../lab.js';
import { agentsReady, mastersReady } from '../up/readiness.js';

/**
 * Waits until the cluster stands as it should: one leader, whole registry, every agent.
 *
 * @returns null, or what was still missing after `patienceMs`
 */
export async function settled(lab: Lab, patienceMs: number): Promise<string | null> {
  const { masters, agents } = lab.json;
  const placed = masters.map(({ name, host }) => ({ name, address: host }));
  const port = masters[0]?.httpPort ?? 0;
  const end = performance.now() + patienceMs;
  for (;;) {
    const missing = (await mastersReady(placed, port)) ?? (await agentsReady(placed, port, agents.length));
    if (missing === null || performance.now() > end) return missing;
    await delay(200);
  }
}
