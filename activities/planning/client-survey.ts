import pLimit from 'p-limit';
import type { ClusterConfig, HostConfig } from '../../src/domain/config.js';
import type { PlannedAgent } from '../../src/domain/plan.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import type { ClientSurvey } from '../../src/domain/survey.js';
import { sameSocketAddress, type SocketAddress } from '../../src/domain/socket-table.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type { Ports } from '../ports.js';
import { clientAddress, endpointsOf } from '../reach/addresses.js';
import { type HostProcess, lookAtProcess } from '../reach/host-process.js';
import { ownSessions } from '../reach/own-sessions.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';

/** A session's connection, as the server that it leads to lists it. */
interface SessionConnection extends SocketAddress {
  readonly sessionId: string;
  readonly server: ServerAddress;
}

type Owned = HostProcess['sockets'][number] & { readonly owner: string };

/**
 * Every client session that source's own servers hold, and which configured process holds its
 * connection (S9): `cons` of every server and the ensemble leader's `dump`, matched by session id;
 * a connection's owner by `ip:port` in the socket tables of the configured hosts.
 *
 * Sessions that live on observers show in the dump as well; they are left out, and so are our own
 * that have signed in.
 */
export async function surveyClients(
  ports: Ports,
  config: ClusterConfig,
  agents: readonly PlannedAgent[],
): Promise<ClientSurvey[]> {
  return withOwnSessions(ports, config, (ours) => surveyOthers(ports, config, agents, ours));
}

async function surveyOthers(
  ports: Ports,
  config: ClusterConfig,
  agents: readonly PlannedAgent[],
  ownNow: () => Promise<ReadonlySet<string>>,
): Promise<ClientSurvey[]> {
  const { signal } = scope();
  const connections = await connectionsOf(ports, config.source.servers.map(clientAddress), signal);
  const elsewhere = await onObservers(ports, config, signal);
  const bySession = new Map(connections.map((one) => [one.sessionId, one] as const));
  const sessions = new Set([...bySession.keys(), ...(await leaderSessions(ports, config, signal))]);
  for (const observed of elsewhere) if (!bySession.has(observed)) sessions.delete(observed);
  for (const own of await ownNow()) {
    sessions.delete(own);
    bySession.delete(own);
  }
  const sockets = bySession.size === 0 ? [] : await ownedSockets(ports, config, agents, signal);
  const byLocal = new Map<string, Owned[]>();
  for (const one of sockets) {
    const same = byLocal.get(textOf(one.local));
    if (same === undefined) byLocal.set(textOf(one.local), [one]);
    else same.push(one);
  }
  return Promise.all(
    [...sessions].sort().map(async (sessionId) => {
      const found = bySession.get(sessionId);
      if (found === undefined) return { sessionId, client: null, owner: null };
      const client = textOf(found);
      return { sessionId, client, owner: await ownerOf(found.server, byLocal.get(client) ?? []) };
    }),
  );
}

/**
 * Runs `use` with a way to ask which sessions on source are ours: those signed in before or by then,
 * and the one that asks. Only dual-publishing keeps sessions on source for long.
 */
async function withOwnSessions<T>(
  ports: Ports,
  config: ClusterConfig,
  use: (ownNow: () => Promise<ReadonlySet<string>>) => Promise<T>,
): Promise<T> {
  if (config.strategy !== 'dual-publishing') return use(() => Promise.resolve(new Set()));
  const request = { config, servers: config.source.servers, as: 'source', timeoutMs: 10_000 } as const;
  return inSession(ports, request, scope().signal, async (session) => {
    const before = await ownSessions(session, config);
    return use(async () => new Set([session.sessionId, ...before, ...(await ownSessions(session, config))]));
  });
}

async function connectionsOf(
  ports: Ports,
  servers: readonly ServerAddress[],
  signal: AbortSignal,
): Promise<SessionConnection[]> {
  const lists = await Promise.all(
    servers.map(async (server) =>
      (await ports.probe.connections(server, signal)).flatMap(({ sessionId, ...one }) =>
        sessionId === null || sessionId === '0x0' ? [] : [{ ...one, sessionId, server }],
      ),
    ),
  );
  return lists.flat();
}

/** Sessions with a connection to an observer; an observer that is not running has none. */
async function onObservers(ports: Ports, config: ClusterConfig, signal: AbortSignal): Promise<string[]> {
  const lists = await Promise.all(
    config.observers.map((observer) => connectionsOf(ports, [clientAddress(observer)], signal).catch(() => [])),
  );
  return lists.flat().map(({ sessionId }) => sessionId);
}

async function leaderSessions(ports: Ports, config: ClusterConfig, signal: AbortSignal): Promise<string[]> {
  const states = await Promise.all(
    config.source.servers.map(async (server) => ({
      address: clientAddress(server),
      state: await ports.probe.state(clientAddress(server), signal).catch(() => null),
    })),
  );
  const leader = states.find(({ state }) => state?.mode === 'leader' || state?.mode === 'standalone');
  if (leader === undefined) {
    throw new NotProvedError(null, 'every session of source is known', 'none of its servers leads', {
      retryable: true,
    });
  }
  return ports.probe.sessions(leader.address, signal);
}

function textOf({ ip, port }: SocketAddress): string {
  return `${ip}:${String(port)}`;
}

/**
 * Two processes of one address may use the same port at once, each towards somebody else; then the
 * one that is connected to this very server is the owner. Otherwise a server may be known to its
 * clients by another address than ours (NAT), so that the port alone decides.
 */
async function ownerOf(server: ServerAddress, candidates: readonly Owned[]): Promise<string | null> {
  const [first, ...more] = new Set(candidates.map(({ owner }) => owner));
  if (first === undefined || more.length === 0) return first ?? null;
  const ends = await endpointsOf([{ address: server.address, port: server.clientPort }]);
  return candidates.find(({ remote }) => ends.some((end) => sameSocketAddress(end, remote)))?.owner ?? null;
}

/** Every connection of every configured process. */
async function ownedSockets(
  ports: Ports,
  config: ClusterConfig,
  agents: readonly PlannedAgent[],
  signal: AbortSignal,
): Promise<Owned[]> {
  const processes: readonly (HostConfig & { readonly unit: string })[] = [
    ...config.masters,
    ...agents.map(({ agent }) => agent),
    ...config.frameworks.flatMap(({ instances }) => instances),
  ];
  const limit = pLimit(8);
  const looks = await Promise.all(
    processes.map((host) =>
      limit(async () => {
        // A host that cannot be looked at attributes nothing: its connections stay unknown.
        const process = await lookAtProcess(ports.shell, config.ssh, { host, unit: host.unit }, signal).catch(
          () => null,
        );
        return (process?.sockets ?? []).map((socket) => ({ ...socket, owner: host.name }));
      }),
    ),
  );
  return looks.flat();
}
