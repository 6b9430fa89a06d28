import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { PUBLISHER_TASK_QUEUE, TASK_QUEUE } from '../../src/adapters/temporal-client.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** As Temporal's API numbers them. */
const WORKFLOWS = 1;
const ACTIVITIES = 2;

describe('zkferry worker', function () {
  this.timeout(120_000);
  let dir: string;
  let temporal: TemporalServer;
  let connection: Connection;
  let worker: ChildProcess | undefined;
  let said = '';

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-worker-'));
    temporal = await startTemporal({ dir });
    connection = await Connection.connect({ address: temporal.address });
  });
  afterEach(() => {
    worker?.kill('SIGKILL');
    worker = undefined;
  });
  after(async () => {
    await connection.close();
    await temporal.stop();
    await rm(dir, { recursive: true, force: true });
  });

  /** Starts a worker and waits until it polls. */
  const start = async (...options: string[]): Promise<ChildProcess> => {
    said = '';
    const child = spawn(process.execPath, [main, 'worker', ...options], {
      env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    worker = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    for (const end = Date.now() + 60_000; !said.includes('zkferry worker polls'); await delay(50)) {
      assert.ok(child.exitCode === null && Date.now() < end, said);
    }
    return child;
  };
  /** Whether this worker polls a queue for tasks of a kind. */
  const polls = async (name: string, kind: number, { pid }: ChildProcess): Promise<boolean> => {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name },
      taskQueueType: kind,
    });
    return (pollers ?? []).some(({ identity }) => identity?.endsWith(`:${String(pid)}`));
  };
  const awaitPoll = async (name: string, kind: number, child: ChildProcess): Promise<void> => {
    for (const end = Date.now() + 30_000; !(await polls(name, kind, child)); await delay(50)) {
      assert.ok(Date.now() < end, `nobody polls ${name}: ${said}`);
    }
  };

  it('serves migrations and, on a queue of their own, publishers, and ends when it is told to', async () => {
    const child = await start();
    assert.match(said, /task queue zkferry and zkferry-publisher in namespace default/);
    await awaitPoll(TASK_QUEUE, WORKFLOWS, child);
    await awaitPoll(TASK_QUEUE, ACTIVITIES, child);
    await awaitPoll(PUBLISHER_TASK_QUEUE, ACTIVITIES, child);
    assert.equal(await polls(PUBLISHER_TASK_QUEUE, WORKFLOWS, child), false, 'a publisher runs no workflow');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 0, said);
  });

  it('leaves the other queue to other workers when it is asked to', async () => {
    const publisher = await start('--queue', 'publisher');
    await awaitPoll(PUBLISHER_TASK_QUEUE, ACTIVITIES, publisher);
    assert.equal(await polls(TASK_QUEUE, ACTIVITIES, publisher), false);
    assert.equal(await polls(TASK_QUEUE, WORKFLOWS, publisher), false);
    publisher.kill('SIGKILL');
    const migration = await start('--queue', 'migration');
    await awaitPoll(TASK_QUEUE, ACTIVITIES, migration);
    assert.equal(await polls(PUBLISHER_TASK_QUEUE, ACTIVITIES, migration), false);
  });

  it('serves no queue that does not exist', async () => {
    const child = spawn(process.execPath, [main, 'worker', '--queue', 'all-of-them'], { stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 2);
  });
});
