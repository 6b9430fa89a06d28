import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { compareVersions } from './ensemble-rules.js';
import { info, warn } from './finding.js';

/** What a release does not tell yet, and what is looked at instead (S21). */
const FALLBACKS = [
  ['1.4.0', 'counts no replicas (registrar/log/ensemble_size): that its log has recovered is the proof'],
  ['1.2.0', 'lists no recovered agents (recovered_slaves): that every planned agent registers again is the proof'],
] as const;

/** Older Mesos: the weaker proofs by name, and what a late agent costs there. */
export function olderRules({ masters, cluster }: Survey): Finding[] {
  const findings: Finding[] = [];
  for (const { master, version } of masters) {
    const lacks = FALLBACKS.filter(([since]) => version !== null && compareVersions(version, since) < 0);
    for (const [, what] of lacks) {
      findings.push(
        info('older-mesos', {
          host: master.name,
          seen: `Mesos ${version ?? ''} on ${master.name} ${what}`,
        }),
      );
    }
    if (version !== null && compareVersions(version, '1.1.0') < 0) {
      findings.push(
        warn('late-agents-die', {
          host: master.name,
          seen: `${master.name} runs Mesos ${version}`,
        }),
      );
    }
  }
  const reboots = cluster?.agents.filter(({ version }) => compareVersions(version, '1.4.0') < 0) ?? [];
  if (reboots.length > 0) {
    findings.push(
      info('reboot-new-agent', {
        seen: `${String(reboots.length)} agents run a Mesos older than 1.4 (${reboots[0]?.agent.name ?? ''} …)`,
      }),
    );
  }
  return findings;
}
