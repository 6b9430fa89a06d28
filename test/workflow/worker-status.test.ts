import assert from 'node:assert/strict';
import { Client, Connection, type WorkflowFailedError } from '@temporalio/client';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { FAILURE_CONVERTER_PATH } from '../../src/adapters/data-converter.js';
import { EncryptingCodec } from '../../src/adapters/payload-codec.js';
import { freeLoopbackAddress } from '../../src/adapters/status-server.js';

describe('a worker that is asked for its status', function () {
  this.timeout(60_000);
  let dir: string;
  let server: TemporalServer;
  let worker: ChildProcess;
  let address: string;
  let isServed = true;
  const key = randomBytes(32);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkf-status-'));
    server = await startTemporal({ dir });
    address = await freeLoopbackAddress();
    const arguments_ = [join(repositoryRoot(), 'bin/zkferry.mjs'), 'worker', '--metrics', address];
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: server.address,
      ZKFERRY_PAYLOAD_KEYS: 'k1=env:ZKF_PAYLOAD_KEY',
      ZKF_PAYLOAD_KEY: key.toString('base64'),
    };
    worker = spawn(process.execPath, arguments_, { env, stdio: ['ignore', 'inherit', 'ignore'] });
    await until(async () => (await ask('/readyz')).code === 200);
  });
  after(async () => {
    worker.kill('SIGKILL');
    if (isServed) await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function ask(path: string, method = 'GET'): Promise<{ code: number; text: string }> {
    try {
      const response = await fetch(`http://${address}${path}`, { method, signal: AbortSignal.timeout(5_000) });
      return { code: response.status, text: await response.text() };
    } catch (cause) {
      return { code: 0, text: String(cause) };
    }
  }

  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  it('exports the SDK’s metrics and its own at one address', async () => {
    const wanted = [
      'zkferry_worker_info{',
      'temporal_request{',
      'temporal_request_latency_bucket{',
      'temporal_worker_task_slots_available{',
    ];
    await until(async () => {
      const { text } = await ask('/metrics');
      return wanted.every((name) => text.includes(`\n${name}`));
    });
  });

  it('leaves an address to whoever has it, and says so', async () => {
    const arguments_ = [join(repositoryRoot(), 'bin/zkferry.mjs'), 'worker', '--metrics', address];
    const env = { ...process.env, TEMPORAL_ADDRESS: server.address };
    const second = spawn(process.execPath, arguments_, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    second.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const [code] = (await once(second, 'exit')) as [number | null];
    assert.equal(code, 1);
    assert.match(said, /cannot listen on .*EADDRINUSE[^]*FERRY_LISTEN; remedy: give --metrics/);
  });

  it('tells what it is, and refuses what it does not serve', async () => {
    const health = await ask('/healthz');
    assert.equal(health.code, 200);
    assert.deepEqual((JSON.parse(health.text) as { taskQueues: string[] }).taskQueues, [
      'zkferry',
      'zkferry-publisher',
    ]);
    assert.equal((await ask('/elsewhere')).code, 404);
    assert.equal((await ask('/metrics', 'POST')).code, 405);
  });

  it('encrypts what it writes where its environment names keys', async () => {
    const connection = await Connection.connect({ address: server.address });
    const converter = {
      payloadCodecs: [new EncryptingCodec(new Map([['k1', key]]))],
      failureConverterPath: FAILURE_CONVERTER_PATH,
    };
    try {
      const client = new Client({ connection, dataConverter: converter });
      const start = { workflowId: 'zkferry-x', taskQueue: 'zkferry', args: [{ strategy: 'no such strategy' }] };
      await assert.rejects(client.workflow.execute('migrateCluster', start), (error: unknown) =>
        /strategy: must be one of/.test(String((error as WorkflowFailedError).cause?.message)),
      );
      const history = JSON.stringify(await new Client({ connection }).workflow.getHandle('zkferry-x').fetchHistory());
      assert.ok(!history.includes('must be one of') && history.includes('FERRY_CONFIG'), 'the type stays, no message');
    } finally {
      await connection.close();
    }
  });

  it('is alive but not ready while Temporal is away', async () => {
    await server.stop();
    isServed = false;
    const ready = await ask('/readyz');
    assert.equal(ready.code, 503);
    assert.match(ready.text, /Temporal does not answer|no answer in time/);
    assert.equal((await ask('/healthz')).code, 200);
  });

  it('ends when it is told to, although it is asked all the while', async () => {
    worker.kill('SIGTERM');
    const [code] = (await once(worker, 'exit')) as [number | null];
    assert.equal(code, 0);
  });
});
