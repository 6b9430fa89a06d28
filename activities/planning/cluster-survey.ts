import pLimit from 'p-limit';
import type { AgentConfig, ClusterConfig } from '../../src/domain/config.js';
import { endpointOfPid } from '../../src/domain/contender-body.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import type { AgentSurvey, ClusterSurvey } from '../../src/domain/survey.js';
import type { AgentView } from '../../src/ports/mesos-api.js';
import type { Ports } from '../ports.js';
import { httpBase, ipsOf } from '../reach/addresses.js';
import { claimedLeader } from '../reach/claims.js';
import { discoveredAgent } from '../reach/discovered-agent.js';
import { scope } from '../reach/scope.js';
import type { Check } from './survey.js';

/** The cluster as the leading master tells, with every agent's own flags. */
export async function surveyCluster(ports: Ports, config: ClusterConfig, check: Check): Promise<ClusterSurvey> {
  const { signal } = scope();
  const { leader } = await claimedLeader(ports, config, signal);
  if (leader === null) {
    throw new NotProvedError(null, 'one master leads', 'no configured master claims to lead', { retryable: true });
  }
  const credentials = await ports.secrets(config.credentials.mesos);
  const base = httpBase(leader.master);
  const view = await ports.mesos.agents(base, credentials, signal);
  const frameworks = await ports.mesos.frameworks(base, credentials, signal);
  const configured = await Promise.all(
    config.agents.hosts.map(async (agent) => ({ agent, ips: await ipsOf(agent.address) })),
  );
  const configFor = (registered: AgentView): AgentConfig | null => {
    if (config.agents.discover) return discoveredAgent(config, registered);
    const end = endpointOfPid(registered.pid);
    return (
      configured.find(({ agent, ips }) => end !== null && agent.httpPort === end.port && ips.includes(end.ip))?.agent ??
      null
    );
  };
  const limit = pLimit(8);
  const agents = await Promise.all(
    view.agents.map((registered) =>
      limit(async (): Promise<AgentSurvey | null> => {
        const agent = configFor(registered);
        if (agent === null) return null;
        const state = await check('agent-state', agent.name, () =>
          ports.mesos.agentState(httpBase(agent), credentials, signal),
        );
        const { id, active, version } = registered;
        return { agent, id, active, version, flags: state?.flags ?? null };
      }),
    ),
  );
  const known = agents.filter((agent) => agent !== null).sort((a, b) => (a.agent.name < b.agent.name ? -1 : 1));
  return {
    leader: leader.master.name,
    agents: known,
    unknownAgents: view.agents
      .filter((one) => !known.some(({ id }) => id === one.id))
      .map(({ id, hostname }) => ({ id, hostname })),
    unregisteredAgents: config.agents.hosts
      .filter((agent) => !known.some((one) => one.agent.name === agent.name))
      .map(({ name }) => name),
    recoveredAgentIds: view.recoveredAgentIds,
    frameworks: frameworks.map(({ id, name, active, connected, checkpoint, failoverTimeoutMs }) => ({
      id,
      name,
      active,
      connected,
      checkpoint,
      failoverTimeoutMs,
    })),
  };
}
