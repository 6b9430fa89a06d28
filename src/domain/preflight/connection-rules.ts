import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { block } from './finding.js';
import { positive } from './settings-rules.js';

/** Contender, detector, membership of the log's group, and its network. */
const PER_MASTER = 4;

/**
 * Connections to target itself: with dual publishing all clients' while they move, with settle at the
 * end. Observers have no such limits.
 */
export function connectionRules(config: ClusterConfig, survey: Survey): Finding[] {
  if (config.strategy === 'observers' && !config.policy.settle) return [];
  const perAddress = new Map<string, number>();
  const add = (address: string, count: number): unknown =>
    perAddress.set(address, (perAddress.get(address) ?? 0) + count);
  for (const { address } of config.masters) add(address, PER_MASTER);
  for (const { agent } of survey.cluster?.agents ?? []) add(agent.address, 1);
  for (const { address } of config.frameworks.flatMap(({ instances }) => instances)) add(address, 1);
  const all = [...perAddress.values()].reduce((sum, count) => sum + count, 0);
  const most = Math.max(0, ...perAddress.values());
  return survey.target.servers.flatMap(({ name: host, settings }) => {
    const limits = [
      ['maxClientCnxns', most, 'one address'],
      ['maxCnxns', all, 'all'],
    ] as const;
    return limits.flatMap(([key, needed, whose]) => {
      const limit = positive(settings?.[key]);
      if (limit === null || limit >= needed) return [];
      return [
        block('connection-limit', {
          host,
          seen: `${host} takes at most ${String(limit)} connections of ${whose} (${key}), ${String(needed)} may come`,
          remedy: `raise ${key} on all servers of target`,
        }),
      ];
    });
  });
}
