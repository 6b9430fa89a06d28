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
      why: 'the registry takes 2 × quorum − 1 replicas; an even number is unsafe or a master is missing here',
      remedy: 'list every master; run an odd number',
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
        why: 'the proofs rest on endpoints and metrics of Mesos 1.0 to 1.11',
        remedy: 'run masters of a release from 1.0 to 1.11',
      }),
    );
  }
  const wanted = Math.floor(config.masters.length / 2) + 1;
  if (flags !== null && Number(flags['quorum']) !== wanted) {
    findings.push(
      block('quorum-flag', {
        host,
        seen: `${host} runs with --quorum=${flags['quorum'] ?? '(none)'}, ${String(config.masters.length)} masters need ${String(wanted)}`,
        why: 'another quorum can lose the registry, or needs more masters than there are',
        remedy: 'list every master in the configuration, or correct --quorum on all masters first',
      }),
    );
  }
  if (flags?.['registry'] !== undefined && flags['registry'] !== 'replicated_log') {
    findings.push(
      block('registry-flag', {
        host,
        seen: `${host} runs with --registry=${flags['registry']}`,
        why: 'a registry in memory forgets every agent when the leader changes',
        remedy: 'run the masters with --registry=replicated_log',
      }),
    );
  }
  if (metrics !== null && metrics['registrar/log/recovered'] === 0) {
    findings.push(
      block('log-not-recovered', {
        host,
        seen: `the registry log of ${host} has not recovered`,
        why: 'with one more master stopped the registry would have no quorum',
        remedy: 'wait until registrar/log/recovered is 1 on every master',
      }),
    );
  }
  const size = metrics?.['registrar/log/ensemble_size'];
  if (size !== undefined && size !== config.masters.length) {
    findings.push(
      block('log-ensemble-size', {
        host,
        seen: `${host} counts ${String(size)} registry replicas, ${String(config.masters.length)} masters are configured`,
        why: 'masters that do not see each other cannot take over the registry',
        remedy: 'see which master is missing, or list the one that is not configured',
      }),
    );
  }
  const limit = flags?.['recovery_agent_removal_limit'] ?? flags?.['recovery_slave_removal_limit'];
  if (flags !== null && (limit === undefined || limit === '100%')) {
    findings.push(
      warn('removal-limit', {
        host,
        seen: `${host} runs with --recovery_agent_removal_limit=${limit ?? '100%'}`,
        why: 'after the election agents that do not come back are removed; a lower limit would stop that',
        remedy: 'consider a limit such as 10% on all masters',
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
      why: 'the migration starts from a healthy cluster with exactly one leading master',
      remedy: 'bring the cluster into order first',
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
        why: 'a master whose link to ZooKeeper is in doubt may stand or claim to lead at any moment',
        remedy: 'see its connection to ZooKeeper, and wait until it follows the leading master',
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
        remedy: 'let credentials.mesos read /flags, or state both values in policy.agentPing',
      }),
    ];
  }
  return [info('budget', { seen: verdict.budget.derivation, why: 'the critical window has to fit into it' })];
}
