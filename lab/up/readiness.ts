import { setTimeout as delay } from 'node:timers/promises';
import { FerryError } from '../../src/domain/errors.js';
import { serverMode } from '../zookeeper/four-letter-word.js';
import type { Placed } from './layout.js';

/** A part of the lab did not come up in time. */
export class LabNotReadyError extends FerryError {
  readonly code = 'FERRY_LAB_NOT_READY';
  readonly retryable = true;
  override readonly remedy: string;
  constructor(what: string, seen: string, patienceMs: number, dir: string) {
    super(`${what} not ready within ${String(Math.round(patienceMs / 1000))} s: ${seen}`);
    this.remedy = `read the logs in ${dir}/hosts/*/var/log, or give the machine more time`;
  }
}

export interface Wait {
  /** What is waited for, for the error. */
  readonly what: string;
  /** Folder of the lab, for the error. */
  readonly dir: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Waits for `look` to say null; what it says otherwise names what is missing.
 *
 * @throws LabNotReadyError; the signal's reason
 */
export async function waitUntil(
  { what, dir, patienceMs, signal }: Wait,
  look: () => Promise<string | null>,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    signal?.throwIfAborted();
    const missing = await look();
    if (missing === null) return;
    if (performance.now() > giveUpAt) throw new LabNotReadyError(what, missing, patienceMs, dir);
    await delay(100);
  }
}

/** All servers serve and exactly one leads. */
export async function ensembleReady(servers: readonly Placed[], clientPort: number): Promise<string | null> {
  const modes = await Promise.all(servers.map(({ address }) => serverMode(address, clientPort)));
  const leaders = modes.filter((mode) => mode === 'leader').length;
  if (leaders === 1 && modes.every((mode) => mode !== null)) return null;
  return servers.map(({ name }, i) => `${name} ${modes[i] ?? 'not serving'}`).join(', ');
}

/** One master leads, has recovered its registry, and every master's log has all members. */
export async function mastersReady(masters: readonly Placed[], port: number): Promise<string | null> {
  const metrics = await Promise.all(
    masters.map(({ address }) => getJson(`http://${address}:${String(port)}/metrics/snapshot`)),
  );
  const leading = masters.filter((_, i) => metrics[i]?.['master/elected'] === 1);
  const [leader] = leading;
  if (leader === undefined || leading.length > 1) return `${String(leading.length)} masters lead`;
  const sizes = metrics.map((found) => found?.['registrar/log/ensemble_size'] ?? null);
  if (!sizes.every((size) => size === masters.length)) return `log ensemble sizes ${JSON.stringify(sizes)}`;
  const answer = await post(`http://${leader.address}:${String(port)}/api/v1`, { type: 'GET_AGENTS' });
  return answer === 200 ? null : `${leader.name} leads, its registry is not recovered (API answers ${String(answer)})`;
}

/** The leading master lists this many active agents. */
export async function agentsReady(masters: readonly Placed[], port: number, expected: number): Promise<string | null> {
  const slaves = await fromLeader(masters, port, '/slaves', 'slaves');
  const active = slaves.filter((slave) => slave['active'] === true).length;
  return active === expected ? null : `${String(active)} of ${String(expected)} agents active`;
}

/** This many frameworks are subscribed at the leading master. */
export async function frameworksReady(
  masters: readonly Placed[],
  port: number,
  expected: number,
): Promise<string | null> {
  const frameworks = await fromLeader(masters, port, '/frameworks', 'frameworks');
  const connected = frameworks.filter((framework) => framework['connected'] === true).length;
  return connected === expected ? null : `${String(connected)} of ${String(expected)} frameworks connected`;
}

/** This many tasks run, by the agents' reports to the leading master. */
export async function tasksReady(masters: readonly Placed[], port: number, expected: number): Promise<string | null> {
  const tasks = await fromLeader(masters, port, '/tasks?limit=10000', 'tasks');
  const running = tasks.filter((task) => task['state'] === 'TASK_RUNNING').length;
  return running === expected ? null : `${String(running)} of ${String(expected)} tasks running`;
}

async function fromLeader(
  masters: readonly Placed[],
  port: number,
  path: string,
  key: string,
): Promise<Record<string, unknown>[]> {
  for (const { address } of masters) {
    const found = (await getJson(`http://${address}:${String(port)}${path}`))?.[key];
    if (Array.isArray(found)) return found as Record<string, unknown>[];
  }
  return [];
}

/** Null for whatever is no JSON answer with status 200; a standby's redirect is not followed. */
async function getJson(url: string): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(2_000) });
    if (response.status !== 200) {
      await response.body?.cancel();
      return null;
    }
    return (await response.json()) as Record<string, unknown>;
  } catch {
    return null;
  }
}

async function post(url: string, body: object): Promise<number | null> {
  try {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(2_000),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}
