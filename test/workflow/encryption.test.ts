import assert from 'node:assert/strict';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Migration } from '../../lab/stage/migration.js';
import { repositoryRoot } from '../../lab/repository-root.js';
import { temporalBinary } from '../../lab/temporal-binary.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { startCodecServer } from '../../src/adapters/codec-server.js';
import { FAILURE_CONVERTER_PATH } from '../../src/adapters/data-converter.js';
import { EncryptingCodec } from '../../src/adapters/payload-codec.js';
import { bundleWorkflows } from '../../src/bundle-workflows.js';
import { SILENT } from '../../src/ports/telemetry.js';
import { sinksTo } from '../../src/monitoring.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';

const run = promisify(execFile);

describe('a migration whose payloads are encrypted', function () {
  this.timeout(90_000);
  const key = randomBytes(32);
  const codec = new EncryptingCodec(new Map([['k1', key]]));
  const converter = { dataConverter: { payloadCodecs: [codec], failureConverterPath: FAILURE_CONVERTER_PATH } };
  let dir: string;
  let server: TemporalServer;
  let codecServer: Server;
  let client: Client;
  let native: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;
  const cluster = new FakeCluster({ ...aConfig(2), cluster: 'sealed' });

  before(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    dir = await mkdtemp(join(tmpdir(), 'zkf-sealed-'));
    server = await startTemporal({ dir });
    const { address } = server;
    codecServer = await startCodecServer(codec, { address: '127.0.0.1:0', origins: [], token: null });
    client = new Client({ connection: await Connection.connect({ address }), ...converter });
    native = await NativeConnection.connect({ address });
    const codePath = await bundleWorkflows(join(dir, 'bundle.js'), FAILURE_CONVERTER_PATH);
    worker = await Worker.create({
      connection: native,
      taskQueue: 'sealed',
      workflowBundle: { codePath },
      activities: cluster.activities,
      sinks: sinksTo(SILENT),
      ...converter,
    });
    running = worker.run();
  });
  after(async () => {
    worker.shutdown();
    await running;
    codecServer.closeAllConnections();
    codecServer.close();
    await client.connection.close();
    await native.close();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function temporal(...arguments_: string[]): Promise<string> {
    const { stdout } = await run(temporalBinary(), ['workflow', ...arguments_, '--address', server.address], {
      maxBuffer: 64 << 20,
    });
    return stdout;
  }
  const codecEndpoint = () => `http://127.0.0.1:${(codecServer.address() as AddressInfo).port}`;

  /** What anybody finds in an exported history who has no key, base64 decoded wherever there is any. */
  function readable(exported: string): string {
    const encoded = [...exported.matchAll(/"([A-Za-z0-9+/]{8,}={0,2})"/g)];
    return [exported, ...encoded.map(([, text = '']) => Buffer.from(text, 'base64').toString('latin1'))].join('\n');
  }

  it('shows nothing of the cluster in its history, and all of it with the codec server', async () => {
    cluster.wreck({ activity: 'installObserver', host: 'o2', times: 1, kind: 'refuse' });
    const handle = await client.workflow.start('migrateCluster', {
      workflowId: 'zkferry-sealed',
      taskQueue: 'sealed',
      args: [cluster.config],
      staticSummary: 'move cluster sealed, summary',
    });
    const migration = new Migration(handle);
    await migration.approve('begin', 'annabel-lee', { patienceMs: 30_000 });
    const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 30_000 });
    const { address } = cluster.config.masters[0] ?? { address: '' };
    // A person's name, a master's address, a failure's message, a summary, a gate of the current details.
    const plain = [
      'annabel-lee',
      address,
      'installObserver failed on o2',
      'cluster sealed, summary',
      'survey the cluster',
    ];
    const args = ['show', '-w', 'zkferry-sealed', '-o', 'json'];
    const sealed = readable(await temporal(...args));
    for (const text of plain) assert.ok(!sealed.includes(text), `${text} is in the history`);
    assert.ok(sealed.includes('binary/zkferry-aes-256-gcm'));
    const opened = readable(await temporal(...args, '--codec-endpoint', codecEndpoint()));
    for (const text of plain) assert.ok(opened.includes(text), `${text} cannot be read with the codec server`);
    const details = await temporal('metadata', '-w', 'zkferry-sealed', '--codec-endpoint', codecEndpoint());
    assert.match(details, /awaiting-decision/);
    assert.ok(!(await temporal('metadata', '-w', 'zkferry-sealed').catch(String)).includes('awaiting-decision'));
    const incident = status.incidents.at(-1)?.id;
    await migration.say('decide', { incident, action: 'rollback', by: 'annabel-lee' });
    assert.equal((await migration.result()).state, 'rolled-back');
  });

  it('can be gathered into a bundle by somebody with the key', async () => {
    const bundle = join(dir, 'sealed.tar.gz');
    const arguments_ = [join(repositoryRoot(), 'bin/zkferry.mjs'), 'bundle', 'sealed', '-o', bundle];
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: server.address,
      ZKFERRY_PAYLOAD_KEYS: 'k1=env:ZKF_SEALED_KEY',
      ZKF_SEALED_KEY: key.toString('base64'),
    };
    await run(process.execPath, arguments_, { env });
    const extract = (name: string) => run('tar', ['-xzOf', bundle, name], { maxBuffer: 64 << 20 });
    assert.ok(readable((await extract('history.json')).stdout).includes('annabel-lee'));
    assert.match((await extract('status.json')).stdout, /"state": "rolled-back"/);
  });

  it('can be started by somebody without a key, whose input is read as it is', async () => {
    const input = JSON.stringify({ wrong: 'nobody sealed this' });
    await temporal('start', '-w', 'zkferry-open', '--type', 'migrateCluster', '-t', 'sealed', '--input', input);
    await assert.rejects(client.workflow.getHandle('zkferry-open').result(), (error: unknown) => {
      assert.ok(error instanceof WorkflowFailedError);
      assert.match(String(error.cause?.message), /nobody sealed this/);
      return true;
    });
  });

  it('answers queries of the CLI through the codec server only', async () => {
    const query = ['query', '-w', 'zkferry-sealed', '--name', 'status', '-o', 'json'];
    assert.ok(!(await temporal(...query)).includes('rolled-back'));
    assert.match(await temporal(...query, '--codec-endpoint', codecEndpoint()), /rolled-back/);
  });
});
