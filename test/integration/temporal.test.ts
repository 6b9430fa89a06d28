import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { searchAttributes, startTemporal, type TemporalServer } from '../../lab/temporal.js';

describe('the lab’s Temporal server', function () {
  this.timeout(60_000);
  let dir: string;
  let server: TemporalServer | undefined;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-temporal-'));
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await rm(dir, { recursive: true, force: true });
  });

  it('serves with the search attributes of a migration registered', async () => {
    server = await startTemporal({ dir });
    const connection = await Connection.connect({ address: server.address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    for (const name of searchAttributes) assert.ok(name in customAttributes, name);
    await connection.close();
    assert.equal(server.uiPort, null);
  });

  it('keeps its workflows over a kill, on the same port', async () => {
    server = await startTemporal({ dir });
    const { address } = server;
    const start = await Connection.connect({ address });
    await new Client({ connection: start }).workflow.start('nobody', { taskQueue: 'none', workflowId: 'kept' });
    await start.close();
    await server.stop('SIGKILL');

    server = await startTemporal({ dir, port: Number(address.split(':')[1]) });
    assert.equal(server.address, address);
    const again = await Connection.connect({ address });
    const found = await new Client({ connection: again }).workflow.getHandle('kept').describe();
    assert.equal(found.status.name, 'RUNNING');
    await again.close();
  });

  it('leaves no process behind and serves its UI when asked to', async () => {
    server = await startTemporal({ dir, ui: true });
    const response = await fetch(`http://127.0.0.1:${server.uiPort}/`);
    assert.equal(response.status, 200);
    const { pid } = server;
    await server.stop();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('says why it does not serve when its port is taken', async () => {
    server = await startTemporal({ dir });
    const port = Number(server.address.split(':')[1]);
    const second = startTemporal({ dir: join(dir, 'second'), port });
    await assert.rejects(second, { code: 'FERRY_LAB_TEMPORAL_NOT_READY', message: /another process listens there/ });
  });
});
