import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../src/adapters/search-attributes.js';
import { repositoryRoot } from './repository-root.js';
import { temporalBinary } from './temporal-binary.js';
import { TemporalNotReadyError } from './temporal-not-ready-error.js';

export { temporalBinary } from './temporal-binary.js';

export interface TemporalOptions {
  /** Gets `temporal.db` and `temporal.log`; a database that is there already is continued. */
  readonly dir: string;
  /** Loopback address to listen on, default 127.0.0.1. */
  readonly address?: string;
  /** Fixed port, to bring a killed server back where its clients look for it; default a free one. */
  readonly port?: number;
  readonly ui?: boolean;
  /** As anybody's server is at first: without our search attributes and our settings. */
  readonly bare?: boolean;
  readonly patienceMs?: number;
}

export interface TemporalServer {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly uiPort: number | null;
  readonly pid: number;
  /** Returns once the process is gone; SIGKILL follows when the signal has not ended it within 10 s. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Search attributes of zkferry's workflows, all of type Keyword. */
export { SEARCH_ATTRIBUTES as searchAttributes } from '../src/adapters/search-attributes.js';

/** What keeps a crash cheap, as the stack of deploy/ has it: each value as `--dynamic-config-value` takes it. */
export async function dynamicConfig(): Promise<string[]> {
  const file = await readFile(join(repositoryRoot(), 'deploy', 'dynamicconfig.yaml'), 'utf8');
  const settings = parse(file) as Record<string, readonly { readonly value: unknown }[]>;
  return Object.entries(settings).flatMap(([key, values]) =>
    values.map(({ value }) => `${key}=${JSON.stringify(value)}`),
  );
}

/**
 * Starts a Temporal server with a database file and returns once its frontend serves, the namespace
 * `default` exists and the search attributes are registered.
 *
 * @throws TemporalMissingError when there is no binary
 * @throws TemporalNotReadyError when it ends early or does not serve within `patienceMs` (default 30 s)
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { dir, address = '127.0.0.1', ui = false, bare = false, patienceMs = 30_000 } = options;
  const binary = temporalBinary();
  await mkdir(dir, { recursive: true });
  const port = options.port ?? (await lastingPort(address));
  const uiPort = ui ? await lastingPort(address) : null;
  const logFile = join(dir, 'temporal.log');
  // Otherwise the server that has the port would answer for the one that could not take it.
  if (!(await isFree(address, port))) {
    throw new TemporalNotReadyError(`${address}:${port}`, 'another process listens there', logFile);
  }
  const settings = bare ? [] : await dynamicConfig();
  const wanted = bare ? [] : SEARCH_ATTRIBUTES;
  const log = await open(logFile, 'a');
  const child = spawn(
    binary,
    [
      ...['server', 'start-dev', '--ip', address, '--port', String(port)],
      ...['--db-filename', join(dir, 'temporal.db'), '--sqlite-pragma', 'journal_mode=wal'],
      ...(uiPort === null ? ['--headless'] : ['--ui-ip', address, '--ui-port', String(uiPort)]),
      ...settings.flatMap((pair) => ['--dynamic-config-value', pair]),
      ...wanted.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ...['--log-level', 'warn'],
    ],
    { stdio: ['ignore', log.fd, log.fd] },
  );
  await once(child, 'spawn').finally(() => log.close());
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(impatience);
  };
  const frontend = `${address}:${port}`;
  const deadline = performance.now() + patienceMs;
  let reason = '';
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    try {
      await checkServing(frontend, wanted);
      return { address: frontend, uiPort, pid: child.pid ?? 0, stop };
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    await delay(50);
  }
  const ended = child.exitCode ?? child.signalCode;
  if (ended !== null) reason = `it ended with ${ended}: ${(await readFile(logFile, 'utf8')).trim().slice(-500)}`;
  await stop();
  throw new TemporalNotReadyError(frontend, reason, logFile);
}

async function checkServing(address: string, wanted: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 2_000 });
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + 2_000, () =>
      connection.operatorService.listSearchAttributes({ namespace: 'default' }),
    );
    const missing = wanted.filter((name) => !(name in customAttributes));
    if (missing.length > 0) throw new Error(`search attributes not yet registered: ${missing.join(', ')}`);
  } finally {
    await connection.close();
  }
}

/**
 * A free port below those that the kernel gives to whoever asks for any, the server's own parts and every outgoing
 * connection: one of them could take it before the server does, or while a killed server is away.
 */
async function lastingPort(address: string): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(address, port)) return port;
  }
  throw new Error(`no free port from 20000 to 31999 on ${address} in 100 tries`);
}

/** Whether it was a moment ago. */
async function isFree(address: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: address, port, exclusive: true });
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
