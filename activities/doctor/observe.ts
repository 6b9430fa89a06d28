import pLimit from 'p-limit';
import type { AgentConfig, ClusterConfig, HostConfig, MasterUrlPlace, ServerConfig } from '../../src/domain/config.js';
import type { Observation, Observed, Serves } from '../../src/domain/doctor/observation.js';
import { epochOf } from '../../src/domain/epoch.js';
import { redactUrl } from '../../src/domain/master-url.js';
import { NoAnswerError } from '../../src/domain/proof-errors.js';
import type { PlannedAgent } from '../../src/domain/plan.js';
import type { EnsembleName } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress, httpBase } from '../reach/addresses.js';
import { claimedLeader, readClaims } from '../reach/claims.js';
import { discoveredAgent } from '../reach/discovered-agent.js';
import { readMarker } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { lookAtTree } from './look-at-tree.js';
import { lookAtUnit } from './look-at-unit.js';

const AT_ONCE = 8;

/**
 * Looks at everything that a migration may have touched, and writes nothing. It needs no Temporal and
 * no leading master; whatever does not answer is unknown, and hides nothing else.
 *
 * @param known agents to look at beside those that the leading master lists
 */
export async function observe(
  ports: Ports,
  config: ClusterConfig,
  known: readonly PlannedAgent[] = [],
): Promise<Observation> {
  const { signal, heartbeat } = scope();
  const limit = pLimit(AT_ONCE);
  const unit = <H extends HostConfig & { readonly unit: string }>(
    host: H,
    place: MasterUrlPlace | null,
    observer: ServerConfig | null = null,
  ): Promise<Observed<H>> =>
    limit(async () => {
      heartbeat(`looking at ${host.name}`);
      try {
        const facts = await lookAtUnit(ports, config, { host, unit: host.unit, place, observer }, signal);
        return { host, unit: host.unit, facts, problem: null };
      } catch (error) {
        signal.throwIfAborted();
        return { host, unit: host.unit, facts: null, problem: redactUrl((error as Error).message) };
      }
    });
  const [source, target] = await Promise.all([
    lookAtTree(ports, config, 'source', signal),
    lookAtTree(ports, config, 'target', signal),
  ]);
  const agents = await agentsOf(ports, config, known, signal);
  const claims = await readClaims(ports, config, config.masters, signal).catch(() => []);
  const servers = (['source', 'target'] as const).flatMap((ensemble) =>
    config[ensemble].servers.map(async (server) => {
      const [seen, epoch] = await Promise.all([unit(server, null), epochAt(ports, server, signal)]);
      return { ...seen, more: { ensemble, epoch } };
    }),
  );
  return {
    source,
    target,
    servers: await Promise.all(servers),
    observers: await Promise.all(
      config.observers.map(async (observer) => {
        const [seen, serves] = await Promise.all([
          unit(observer, null, observer),
          servedBy(ports, config, observer, signal),
        ]);
        return { ...seen, serves };
      }),
    ),
    masters: await Promise.all(
      config.masters.map(async (master) => ({
        ...(await unit(master, master.masterUrl)),
        elected: claims.find((claim) => claim.master.name === master.name)?.elected ?? null,
      })),
    ),
    agents: await Promise.all((agents ?? []).map((agent) => unit(agent, agent.masterUrl))),
    agentsKnown: agents !== null,
    frameworks: await Promise.all(
      config.frameworks.flatMap(({ instances }) => instances.map((instance) => unit(instance, instance.masterUrl))),
    ),
  };
}

async function epochAt(ports: Ports, server: ServerConfig, signal: AbortSignal): Promise<string | null> {
  const state = await ports.probe.state(clientAddress(server), signal).catch(() => null);
  return state === null || state.zxid === null ? null : epochOf(state.zxid).toString();
}

/** The marker tells, nothing else (S24); only a refused connection proves that it serves nobody. */
async function servedBy(
  ports: Ports,
  config: ClusterConfig,
  observer: ServerConfig,
  signal: AbortSignal,
): Promise<Serves> {
  try {
    const { mode } = await ports.probe.state(clientAddress(observer), signal);
    if (mode === 'not-serving') return 'unknown';
    const end = { config, servers: [observer], as: 'source' as EnsembleName, timeoutMs: 3_000 };
    return (await inSession(ports, end, signal, (session) => readMarker(session, config.cluster))) ?? 'unknown';
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof NoAnswerError && error.refused ? 'nothing' : 'unknown';
  }
}

/** As configured, or as the leading master lists them; null when nobody can name them. */
async function agentsOf(
  ports: Ports,
  config: ClusterConfig,
  known: readonly PlannedAgent[],
  signal: AbortSignal,
): Promise<readonly AgentConfig[] | null> {
  if (!config.agents.discover) return config.agents.hosts;
  const before = known.map(({ agent }) => agent);
  try {
    const { leader } = await claimedLeader(ports, config, signal);
    if (leader === null) return before.length > 0 ? before : null;
    const credentials = await ports.secrets(config.credentials.mesos);
    const { agents } = await ports.mesos.agents(httpBase(leader.master), credentials, signal);
    const listed = agents.map((agent) => discoveredAgent(config, agent));
    return [...listed, ...before.filter(({ name }) => !listed.some((one) => one.name === name))];
  } catch {
    signal.throwIfAborted();
    return before.length > 0 ? before : null;
  }
}
