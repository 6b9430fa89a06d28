import type { CarriedPlan } from '../carried-plan.js';
import type { ClusterConfig } from '../config.js';
import { sameServers } from '../master-url.js';
import { clientDestination, type Finding } from '../plan.js';
import type { Survey, UrlSurvey } from '../survey.js';
import { clusterRules } from './cluster-rules.js';
import { mastersOnSourceRules, nativeContenderRules, contenderRules } from './dual-publishing-rules.js';
import { emptyTargetRules, ensembleRules } from './ensemble-rules.js';
import { epochsOf } from './epoch-rules.js';
import { block } from './finding.js';
import { masterRules } from './master-rules.js';
import { failureFindings } from '../preflight.js';

/** Host findings about what the migration itself has changed by now are left out here. */
const FAILED_CHECKS_THAT_MATTER = /^check-(?!clients-of-source)/;

/**
 * Findings that matter right before the window: ensembles, masters, agents, frameworks, epochs, and
 * every process of the plan where it was moved to. That agents are not on source any more is as it
 * should be; with dual-publishing the masters must still be there.
 */
export function replanFindings(config: ClusterConfig, plan: CarriedPlan, survey: Survey, migration: string): Finding[] {
  return [
    ...failureFindings(survey).filter(({ id }) => FAILED_CHECKS_THAT_MATTER.test(id)),
    ...ensembleRules(config, survey),
    ...(plan.strategy === 'observers' ? emptyTargetRules(survey) : electionRules(config, survey)),
    ...masterRules(config, survey),
    ...clusterRules(config, survey),
    ...epochFindings(plan, survey),
    ...urlFindings(config, plan, survey),
    ...goneFindings(config, plan, survey),
    ...lockFindings(survey, migration),
  ].filter(({ verdict }) => verdict === 'block');
}

/** With dual-publishing: source's election can still be mirrored, and target holds nothing but its mirrors. */
function electionRules(config: ClusterConfig, survey: Survey): Finding[] {
  return [...contenderRules(config, survey), ...nativeContenderRules(survey), ...mastersOnSourceRules(config, survey)];
}

function epochFindings(plan: CarriedPlan, survey: Survey): Finding[] {
  const epochs = epochsOf(survey);
  if (!plan.raiseEpoch || epochs === null || epochs.target.every((epoch) => epoch > epochs.source)) return [];
  return [
    block('epoch-not-above', {
      seen: `source is at epoch ${String(epochs.source)}, target at ${epochs.target.map(String).join(', ')}`,
    }),
  ];
}

function urlFindings(config: ClusterConfig, plan: CarriedPlan, survey: Survey): Finding[] {
  const known = new Set(plan.agents.map(({ id }) => id));
  const { towards, url } = clientDestination(plan);
  const clients = [
    ...plan.frameworks.flatMap(({ framework }) => framework.instances.map(({ name }) => name)),
    ...(survey.cluster?.agents ?? [])
      .filter(({ id, agent }) => known.has(id) && !isUnmoved(survey, agent.name, plan.urls.source))
      .map(({ agent }) => agent.name),
  ];
  const masters = config.masters.map(({ name }) => name);
  const onDestination = (name: string): Finding[] => wrongUrl(survey, name, { side: towards, url });
  return [
    ...masters.flatMap((name) =>
      plan.strategy === 'observers'
        ? onDestination(name)
        : wrongUrl(survey, name, { side: 'source', url: plan.urls.source }),
    ),
    ...clients.flatMap(onDestination),
  ];
}

/** Nobody has touched it: a straggler, which a person may postpone or give up by name (S5), unlike one that was changed. */
function isUnmoved({ hosts }: Survey, name: string, source: UrlSurvey): boolean {
  const { url = null, runsWith = null } = hosts[name]?.place ?? {};
  return url !== null && runsWith !== null && sameUrl(url, source) && sameUrl(runsWith, source);
}

function wrongUrl(
  { hosts }: Survey,
  name: string,
  { side, url }: { readonly side: 'observers' | 'target' | 'source'; readonly url: UrlSurvey },
): Finding[] {
  const place = hosts[name]?.place;
  const wrong = [place?.url, place?.runsWith].find(
    (found) => found !== undefined && found !== null && !sameUrl(found, url),
  );
  if (wrong === undefined || wrong === null) return [];
  const why = {
    observers: 'it would not follow the observers to target',
    target: 'it would be left behind on source, where no master will lead',
    source: 'masters move all at once in the window; one that starts on target before it can become a second leader',
  };
  return [
    block(`master-url-not-${side}`, {
      host: name,
      seen: `${name} uses ${wrong.servers.map(({ address, port }) => `${address}:${String(port)}`).join(',')}${wrong.path}`,
      why: why[side],
      remedy: 'see who changed it (configuration management?), put it back and restart the process',
    }),
  ];
}

function sameUrl(a: UrlSurvey, b: UrlSurvey): boolean {
  return a.path === b.path && sameServers(a, b);
}

/** Agents of the plan that the leading master does not list any more. */
function goneFindings({ policy }: ClusterConfig, plan: CarriedPlan, { cluster }: Survey): Finding[] {
  if (cluster === null) return [];
  const ids = new Set(cluster.agents.map(({ id }) => id));
  return plan.agents
    .filter(({ agent, id }) => !ids.has(id) && !policy.acceptAgents.includes(agent.name))
    .map(({ agent, id }) => ({
      ...block('agent-gone', {
        host: agent.name,
        seen: `the leading master does not list agent ${id} (${agent.name}) any more`,
      }),
      agentId: id,
    }));
}

function lockFindings({ source }: Survey, migration: string): Finding[] {
  const { lock } = source.tree ?? {};
  if (lock === undefined || lock?.includes(JSON.stringify(migration)) === true) return [];
  return [
    block('lock-lost', {
      seen:
        lock === null
          ? 'the lock znode in source is gone'
          : `the lock znode in source names another migration: ${lock}`,
    }),
  ];
}
