import type { ClusterConfig } from './config.js';
import type { Finding, PlannedAgent } from './plan.js';
import { unknownClientFinding } from './preflight/client-rules.js';
import { ipOf } from './preflight/client-rules.js';
import { block } from './preflight/finding.js';
import type { ClientSurvey } from './survey.js';

export interface Stragglers {
  readonly findings: readonly Finding[];
  /** Names of planned agents that still have a session on source. */
  readonly agentsOnSource: readonly string[];
}

/**
 * Who is left on source (S9). Agents are told apart, because moving them again helps; a master or a
 * scheduler on source means that its move did not hold; whoever is not accepted by address blocks,
 * a session without a connection included: its client may come back. With dual-publishing the masters
 * belong on source until the window.
 */
export function stragglersOf(
  config: ClusterConfig,
  agents: readonly PlannedAgent[],
  clients: readonly ClientSurvey[],
): Stragglers {
  const stays = new Set(config.strategy === 'dual-publishing' ? config.masters.map(({ name }) => name) : []);
  const left = clients.filter(
    ({ client, owner }) =>
      (client === null || !config.policy.acceptClients.includes(ipOf(client))) && (owner === null || !stays.has(owner)),
  );
  const isAgent = (owner: string | null): owner is string => agents.some(({ agent }) => agent.name === owner);
  const onSource = new Set(left.map(({ owner }) => owner).filter(isAgent));
  const others = left.filter(({ owner }) => !isAgent(owner));
  return {
    agentsOnSource: [...onSource].sort().filter((name) => !config.policy.acceptAgents.includes(name)),
    findings: others.map((client) =>
      client.owner === null
        ? unknownClientFinding(client)
        : block('left-on-source', {
            host: client.owner,
            seen: `${client.owner} still has session ${client.sessionId} on source`,
            remedy: `see what its master URL is, and restart it once that names ${config.strategy === 'observers' ? 'the observers' : 'target'}`,
          }),
    ),
  };
}

/** Nobody is left: neither an agent nor a finding. */
export function isClean({ findings, agentsOnSource }: Stragglers): boolean {
  return findings.length === 0 && agentsOnSource.length === 0;
}
