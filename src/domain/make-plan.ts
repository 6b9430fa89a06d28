import { deriveBudget } from './budget.js';
import type { ClusterConfig, ServerConfig } from './config.js';
import type { Budget, MasterUrl, Plan, PlannedAgent, PlannedFramework } from './plan.js';
import { planSteps } from './plan-steps.js';
import { needsRaise } from './preflight/epoch-rules.js';
import { reconfigEnabled } from './preflight/settings-rules.js';
import type { Survey } from './survey.js';

/**
 * The plan of a survey: pure, and the same again while nothing relevant has changed. A survey with
 * blockers makes a plan, too, so that it can be looked at; nobody runs it.
 */
export function makePlan(config: ClusterConfig, survey: Survey): Plan {
  const agents = plannedAgents(config, survey);
  const frameworks = plannedFrameworks(config, survey);
  const urls = masterUrls(config);
  // With dual-publishing every client restarts when it moves, so none carries a zxid from source to target.
  const raiseEpoch = config.strategy === 'observers' && config.target.allowRestart && needsRaise(survey);
  return {
    schemaVersion: 1,
    cluster: config.cluster,
    strategy: config.strategy,
    urls,
    agents,
    frameworks,
    quorum: quorumOf(survey) ?? Math.floor(config.masters.length / 2) + 1,
    raiseEpoch,
    reconfigEnabled: {
      source: survey.source.servers.some(reconfigEnabled),
      target: survey.target.servers.some(reconfigEnabled),
    },
    budget: budgetOf(config, survey),
    steps: planSteps(config, { agents, frameworks, urls, raiseEpoch }),
    pointOfNoReturn:
      'A master leads in target and has recovered its registry: from then on nothing undoes itself, ' +
      'and a rollback is a second outage, until the migration is complete',
  };
}

/** A rule of preflight blocks while there is no budget; the plan shows zero then. */
export function budgetOf(config: ClusterConfig, { masters }: Survey): Budget {
  const verdict = deriveBudget({
    masters: masters.map(({ master, flags }) => ({ master: master.name, flags })),
    stated: config.policy.agentPing,
    lowerToMs: config.policy.budgetMs,
  });
  return verdict.ok ? verdict.budget : { budgetMs: 0, derivation: verdict.reason };
}

/** Registered agents that are to be moved, in the order of their names. Lost ones that are accepted stay out. */
export function plannedAgents({ policy }: ClusterConfig, { cluster }: Survey): PlannedAgent[] {
  return (cluster?.agents ?? [])
    .filter(({ agent, active }) => active || !policy.acceptAgents.includes(agent.name))
    .map(({ agent, id }) => ({ agent, id }))
    .sort((a, b) => (a.agent.name < b.agent.name ? -1 : a.agent.name > b.agent.name ? 1 : 0));
}

function plannedFrameworks({ frameworks }: ClusterConfig, { cluster }: Survey): PlannedFramework[] {
  return frameworks.flatMap((framework) => {
    const registered = cluster?.frameworks.find(({ name }) => name === framework.name);
    return registered === undefined ? [] : [{ framework, id: registered.id }];
  });
}

function quorumOf({ masters }: Survey): number | null {
  const quorum = Number(masters.map(({ flags }) => flags?.['quorum']).find((value) => value !== undefined));
  return Number.isInteger(quorum) && quorum > 0 ? quorum : null;
}

/**
 * The three master URLs. The one to the observers carries source's credentials: target's parents get
 * source's ACL, so they are good on both sides of the window.
 */
export function masterUrls({ source, target, observers, electionPath: path }: ClusterConfig): Plan['urls'] {
  const url = (servers: readonly ServerConfig[], credentialsOf: 'source' | 'target'): MasterUrl => ({
    servers: servers.map(({ address, clientPort }) => ({ address, port: clientPort })),
    path,
    credentialsOf,
  });
  return {
    source: url(source.servers, 'source'),
    observers: observers.length === 0 ? null : url(observers, 'source'),
    target: url(target.servers, 'target'),
  };
}
