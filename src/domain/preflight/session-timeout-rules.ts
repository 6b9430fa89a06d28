import { parseMesosDuration } from '../budget.js';
import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { compareVersions } from './ensemble-rules.js';
import { warn } from './finding.js';

/** Where a flag is not honoured: an election before 1.3, an agent before 1.5 (M 3.1). */
const FIXED_MS = 10_000;

/** Session timeouts in use that are longer than the one that forecast and straggler check count with. */
export function sessionTimeoutRules({ policy }: ClusterConfig, { masters, cluster }: Survey): Finding[] {
  const agents = cluster?.agents ?? [];
  const inUse = [
    ...masters.map(({ master, version, flags }) => ({ name: master.name, version, flags, since: '1.3.0' })),
    ...agents.map(({ agent, version, flags }) => ({ name: agent.name, version, flags, since: '1.5.0' })),
  ];
  return inUse.flatMap(({ name: host, version, flags, since }) => {
    const isHonoured = version === null || compareVersions(version, since) >= 0;
    const flagMs = parseMesosDuration(flags?.['zk_session_timeout'] ?? '');
    const sessionMs = isHonoured ? flagMs : Math.max(FIXED_MS, flagMs ?? 0);
    if (sessionMs === null || sessionMs <= policy.timeouts.sessionMs) return [];
    return [
      warn('session-timeout', {
        host,
        seen: isHonoured
          ? `${host} runs with --zk_session_timeout=${flags?.['zk_session_timeout'] ?? ''}`
          : `Mesos ${version} on ${host} has a session timeout of ${String(sessionMs / 1000)} s, whatever its flag says`,
      }),
    ];
  });
}
