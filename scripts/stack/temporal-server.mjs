import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { cacheFolder } from '../setup/cache-folder.mjs';
import { onPath, run } from '../setup/run.mjs';
import { startProcess } from './process.mjs';

/**
 * A Temporal server of four services in one process, its databases in PostgreSQL, set up by the very scripts and the
 * dynamic configuration that docker-compose.yml uses.
 *
 * @param options `dir`, `root` of the repository, `programs` (folder), `postgres` ({ port, password }), `ports` (eight)
 */
export async function startTemporalServer({ dir, root, programs, postgres, ports }) {
  const deploy = join(root, 'deploy');
  const server = join(programs, 'temporal-server');
  await run(server, ['validate-dynamic-config', join(deploy, 'dynamicconfig.yaml')]);
  await run('sh', [join(deploy, 'create-schema.sh')], {
    env: {
      PATH: `${programs}${delimiter}${process.env.PATH}`,
      SQL_HOST: '127.0.0.1',
      SQL_PORT: String(postgres.port),
      SQL_PASSWORD: postgres.password,
      SCHEMA_FOLDER: join(programs, 'schema'),
    },
    patienceMs: 120_000,
  });
  const config = join(dir, 'temporal.yaml');
  // It holds the password of the database.
  writeFileSync(config, stringify(serverConfig({ deploy, postgres, ports })), { mode: 0o600 });
  const address = `127.0.0.1:${ports[0]}`;
  const temporal = startProcess(
    'the Temporal server',
    server,
    ['--config-file', config, '--allow-no-auth', 'start'],
    join(dir, 'temporal.log'),
  );
  try {
    const client = onPath('temporal') ?? join(cacheFolder(), 'temporal', 'temporal');
    if (!existsSync(client)) throw new Error(`there is no temporal command; node scripts/setup.mjs temporal`);
    const env = { TEMPORAL_ADDRESS: address, PATH: `${dirname(client)}${delimiter}${process.env.PATH}` };
    await temporal.ready(() => run(client, ['operator', 'cluster', 'health'], { env, patienceMs: 5_000 }));
    await run('sh', [join(deploy, 'create-namespace.sh')], { env, patienceMs: 60_000 });
  } catch (error) {
    await temporal.stop();
    throw error;
  }
  return { process: temporal, address };
}

function serverConfig({ deploy, postgres, ports }) {
  const store = (databaseName) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `127.0.0.1:${postgres.port}`,
      connectProtocol: 'tcp',
      user: 'temporal',
      password: postgres.password,
      maxConns: 20,
      maxIdleConns: 20,
      maxConnLifetime: '1h',
    },
  });
  const services = ['frontend', 'history', 'matching', 'worker'].map((name, index) => [
    name,
    { rpc: { grpcPort: ports[2 * index], membershipPort: ports[2 * index + 1], bindOnLocalHost: true } },
  ]);
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: 4,
      datastores: { default: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(services),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${ports[0]}` },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: join(deploy, 'dynamicconfig.yaml'), pollInterval: '10s' },
  };
}
