import { deriveBudget } from '../budget.js';
import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { MasterSurvey, Survey } from '../survey.js';
import { block, info, warn } from './finding.js';
import { compareVersions } from './ensemble-rules.js';
import { olderRules } from './older-rules.js';
import { sessionTimeoutRules } from './session-timeout-rules.js';

/** Masters: version, quorum, registry, who leads, and the budget their flags give. */
export function masterRules(config: ClusterConfig, survey: Survey): Finding[] {
  const { masters } = survey;
  return [
    ...countRules(config),
    ...masters.flatMap((master) => oneMaster(config, master)),
    ...leaderRules(masters),
    ...linkRules(masters),
    ...olderRules(survey),
    ...budgetRules(config, survey),
    ...sessionTimeoutRules(config, survey),
  ];
}

function countRules({ masters }: ClusterConfig): Finding[] {
  if (masters.length % 2 === 1) return [];
  return [
    block('masters-even', {
      seen: `${String(masters.length)} masters are configured`,
    }),
  ];
}

function oneMaster(config: ClusterConfig, { master, version, flags, metrics }: MasterSurvey): Finding[] {
  const host = master.name;
  const findings: Finding[] = [];
  if (version !== null && (compareVersions(version, '1.0.0') < 0 || compareVersions(version, '1.12.0') >= 0)) {
    findings.push(
      block('mesos-version', {
        host,
        seen: `${host} runs Mesos ${version}`,
      }),
    );
  }
  const wanted = Math.floor(config.masters.length / 2) + 1;
  if (flags !== null && Number(flags['quorum']) !== wanted) {
    findings.push(
      block('quorum-flag', {
        host,
        seen: `${host} runs with --quorum=${flags['quorum'] ?? '(none)'}, ${String(config.masters.length)} masters need ${String(wanted)}`,
      }),
    );
  }
  if (flags?.['registry'] !== undefined && flags['registry'] !== 'replicated_log') {
    findings.push(
      block('registry-flag', {
        host,
        seen: `${host} runs with --registry=${flags['registry']}`,
      }),
    );
  }
  if (metrics !== null && metrics['registrar/log/recovered'] === 0) {
    findings.push(
      block('log-not-recovered', {
        host,
        seen: `the registry log of ${host} has not recovered`,
      }),
    );
  }
  const size = metrics?.['registrar/log/ensemble_size'];
  if (size !== undefined && size !== config.masters.length) {
    findings.push(
      block('log-ensemble-size', {
        host,
        seen: `${host} counts ${String(size)} registry replicas, ${String(config.masters.length)} masters are configured`,
      }),
    );
  }
  const limit = flags?.['recovery_agent_removal_limit'] ?? flags?.['recovery_slave_removal_limit'];
  if (flags !== null && (limit === undefined || limit === '100%')) {
    findings.push(
      warn('removal-limit', {
        host,
        seen: `${host} runs with --recovery_agent_removal_limit=${limit ?? '100%'}`,
      }),
    );
  }
  return findings;
}

function leaderRules(masters: readonly MasterSurvey[]): Finding[] {
  const claimants = masters.filter(({ metrics }) => metrics?.['master/elected'] === 1);
  if (claimants.length === 1) return [];
  const names = claimants.map(({ master }) => master.name).join(', ');
  return [
    block('leading-master', {
      seen: claimants.length === 0 ? 'no master claims to lead' : `${names} claim to lead`,
    }),
  ];
}

/** A master that takes nobody, or somebody else, for the leading master has a link in doubt (S10). */
function linkRules(masters: readonly MasterSurvey[]): Finding[] {
  const leader = masters.find(({ metrics }) => metrics?.['master/elected'] === 1);
  if (leader?.sees === undefined || leader.sees === null) return [];
  return masters
    .filter(({ sees }) => sees !== undefined && sees !== leader.sees)
    .map(({ master: { name: host }, sees }) =>
      block('master-link', {
        host,
        seen: `${host} takes ${sees ?? 'nobody'} for the leading master, which is ${leader.sees ?? ''}`,
      }),
    );
}

function budgetRules(config: ClusterConfig, { masters }: Survey): Finding[] {
  const verdict = deriveBudget({
    masters: masters.map(({ master, flags }) => ({ master: master.name, flags })),
    stated: config.policy.agentPing,
    lowerToMs: config.policy.budgetMs,
  });
  if (!verdict.ok) {
    return [
      block('budget', {
        seen: verdict.reason,
        why: 'without the ping flags nobody knows how long the cluster may be without a leader',
      }),
    ];
  }
  return [info('budget', { seen: verdict.budget.derivation })];
}
