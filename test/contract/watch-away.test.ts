import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { zkferry } from '../cli/zkferry.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

describe('zkferry watch without an answer', function () {
  this.timeout(120_000);
  let dir: string;
  let temporal: TemporalServer;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-away-'));
    temporal = await startTemporal({ dir });
    const connection = await Connection.connect({ address: temporal.address });
    await new Client({ connection }).workflow.start('migrateCluster', {
      taskQueue: 'zkferry',
      workflowId: 'zkferry-lab',
      args: [{}],
    });
    await connection.close();
  });
  after(async () => {
    await temporal.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('outlasts a Temporal server that goes and comes back, and says who is away', async () => {
    const env = { ...process.env, TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' };
    const child = spawn(process.execPath, [main, 'watch', 'lab'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const hears = async (pattern: RegExp): Promise<void> => {
      for (const end = Date.now() + 60_000; !pattern.test(said); await delay(50)) {
        assert.ok(Date.now() < end && child.exitCode === null, said);
      }
    };
    try {
      await hears(
        /nobody polls task queue zkferry in namespace default; watching goes on\nremedy: start one: zkferry worker/,
      );
      const port = Number(temporal.address.split(':')[1]);
      await temporal.stop();
      await hears(/no Temporal server answers at 127\.0\.0\.1:\d+: .*; watching goes on/);
      temporal = await startTemporal({ dir, port });
      await hears(/no Temporal server answers[^]*nobody polls task queue zkferry/);
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGINT');
      assert.deepEqual(await gone, [130, null], said);
    }
  });

  it('names the cluster that was meant, and the ones that there are', async () => {
    const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' };
    const { code, stderr } = await zkferry(['watch', 'lba'], env);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /no migration of cluster lba in namespace default\nFERRY_NO_MIGRATION; remedy: did you mean lab\? \(known there: lab\)/,
    );
  });

  it('advises a signal for a message that no worker takes', async () => {
    const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' };
    const { code, stderr } = await zkferry(['rollback', 'lab', '--by', 'ann'], env);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /FERRY_NO_WORKER; remedy: start one: zkferry worker; as a signal the message waits for a worker: temporal workflow signal --workflow-id zkferry-lab --name rollback --input '\{"by":"ann"\}'/,
    );
  });
});
