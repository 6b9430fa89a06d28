import type { LabProcess } from '../contract.js';
import { parseDuration } from '../mesos/duration.js';

/**
 * The longest the cluster may be without a leader, by the live flags of its masters: the least of all. Taken before
 * anything is migrated, whatever the migration makes of it.
 */
export async function budgetOfMasters(masters: readonly LabProcess[]): Promise<number> {
  const budgetsMs = masters.map(async ({ host, httpPort }) => {
    const answer = await fetch(`http://${host}:${httpPort}/flags`, { signal: AbortSignal.timeout(10_000) });
    return pingBudgetMs(((await answer.json()) as { flags: Record<string, string> }).flags);
  });
  return Math.min(...(await Promise.all(budgetsMs)));
}

/**
 * How long a master pings an agent in vain until it gives it up, ms.
 *
 * @throws RangeError when the flags do not say it
 */
export function pingBudgetMs(flags: Readonly<Record<string, string>>): number {
  const { agent_ping_timeout: timeout = '', max_agent_ping_timeouts: count = '' } = flags;
  const budgetMs = (parseDuration(timeout) ?? NaN) * Number(count);
  if (budgetMs > 0) return budgetMs;
  throw new RangeError(`a ping time-out of '${timeout}' times '${count}' is no budget`);
}
