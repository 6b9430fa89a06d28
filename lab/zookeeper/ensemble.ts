import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EnsembleNotReadyError } from './ensemble-not-ready-error.js';
import { serverMode } from './four-letter-word.js';
import { ServerProcess } from './server-process.js';
import { defaultZookeeperVersion } from './versions.js';
import type { ZooCfgOptions } from './zoo-cfg.js';

export interface EnsembleOptions extends Omit<ZooCfgOptions, 'id' | 'servers' | 'dataDir'> {
  /** Each server gets a folder `dir/<id>`. */
  readonly dir: string;
  readonly version?: string;
  /** One loopback address per server; the ports are the same on all. */
  readonly addresses: readonly string[];
  /** Default 1, 2, 3 … */
  readonly ids?: readonly number[];
  readonly jvmFlags?: readonly string[];
  readonly patienceMs?: number;
}

/** The live view of one server; `pid` is null while it is down. */
export type EnsembleServer = Pick<ServerProcess, 'id' | 'address' | 'clientPort' | 'dir' | 'logFile' | 'pid'>;

export interface Ensemble {
  readonly version: string;
  readonly servers: readonly EnsembleServer[];
  /** `host:port,…` as ZooKeeper clients take it. */
  readonly connectString: string;
  /** Id of the ensemble's leader, or null when none serves. */
  leaderId(): Promise<number | null>;
  /** Starts a server that is down and waits until it serves again. */
  startServer(id: number): Promise<void>;
  /** Returns once the process is gone. */
  stopServer(id: number, signal?: NodeJS.Signals): Promise<void>;
  /** Waits until every running server serves and exactly one leads. */
  awaitServing(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a real ZooKeeper ensemble and returns once all its servers serve with one leader.
 *
 * @throws EnsembleNotReadyError after `patienceMs` (default 30 s); every server is stopped again.
 */
export async function startEnsemble(options: EnsembleOptions): Promise<Ensemble> {
  const { dir, addresses, version = defaultZookeeperVersion, patienceMs = 30_000 } = options;
  const ids = options.ids ?? addresses.map((_, index) => index + 1);
  const members = addresses.map((address, index) => ({ id: idAt(ids, index), address }));
  const servers = members.map(
    ({ id }) => new ServerProcess({ ...options, version, id, servers: members, dir: join(dir, String(id)) }),
  );
  const byId = (id: number) => {
    const server = servers.find((candidate) => candidate.id === id);
    if (!server) throw new RangeError(`no server ${id} in the ensemble in ${dir}`);
    return server;
  };
  const modes = () => Promise.all(servers.map((server) => serverMode(server.address, server.clientPort)));

  const awaitServing = async () => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = await modes();
      const leaders = found.filter((mode) => mode === 'leader' || mode === 'standalone').length;
      if (leaders === 1 && servers.every((server, index) => server.pid === null || found[index])) return;
      if (performance.now() > deadline) {
        const states = servers.map((server, index) => `${server.id} ${found[index] ?? 'not serving'}`);
        throw new EnsembleNotReadyError(states, patienceMs, dir);
      }
      await delay(50);
    }
  };

  const ensemble: Ensemble = {
    version,
    servers,
    connectString: servers.map((server) => `${server.address}:${server.clientPort}`).join(','),
    async leaderId() {
      const found = await modes();
      return servers[found.findIndex((mode) => mode === 'leader' || mode === 'standalone')]?.id ?? null;
    },
    async startServer(id) {
      await byId(id).start();
      await awaitServing();
    },
    stopServer: (id, signal) => byId(id).stop(signal),
    awaitServing,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
  try {
    await Promise.all(servers.map((server) => server.start()));
    await awaitServing();
    return ensemble;
  } catch (error) {
    await ensemble.stop();
    throw error;
  }
}

function idAt(ids: readonly number[], index: number): number {
  const id = ids[index];
  if (id === undefined) throw new RangeError(`${index + 1} addresses need as many ids, not ${ids.length}`);
  return id;
}
