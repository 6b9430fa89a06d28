import { Client, Connection } from '@temporalio/client';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkUnused, endMigration, NamespaceInUseError } from '../../lab/stage/borrowed-temporal.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { TASK_QUEUE } from '../../src/adapters/temporal-client.js';
import { until } from '../e2e/lab-facts.js';

/** What a demo may do in a Temporal server that others use, too. */
describe('a borrowed Temporal server', () => {
  let dir: string;
  let temporal: TemporalServer;
  let connection: Connection;
  let client: Client;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-borrow-'));
    temporal = await startTemporal({ dir });
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection });
  });
  after(async () => {
    await connection?.close();
    await temporal?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('is refused where a migration runs, and taken where only others’ workflows do', async () => {
    const place = { address: temporal.address, namespace: 'default' };
    await start('somebodys', 'another-queue');
    await until(async () => (await running()).length === 1, 'it is listed');
    await checkUnused(client, place);
    await start('zkferry-prod');
    await until(async () => (await running()).length === 2, 'it is listed');
    await assert.rejects(
      checkUnused(client, place),
      (error) => error instanceof NamespaceInUseError && /is in use: zkferry-prod$/.test(error.message),
    );
  });

  it('is left without what ran of the lab’s own migration, and with everything else', async () => {
    for (const id of ['zkferry-lab', 'zkferry-lab/cut-over-7', 'zkferry-lab2']) await start(id);
    await until(async () => (await running()).length === 5, 'they are listed');
    await endMigration(client, 'zkferry-lab');
    await until(async () => (await running()).length === 3, 'two are gone');
    assert.deepEqual(await running(), ['somebodys', 'zkferry-lab2', 'zkferry-prod']);
  });

  async function start(workflowId: string, taskQueue = TASK_QUEUE): Promise<void> {
    await client.workflow.start('migrateCluster', { workflowId, taskQueue, args: [{}] });
  }

  async function running(): Promise<string[]> {
    const found: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" }))
      found.push(workflowId);
    return found.sort();
  }
});
