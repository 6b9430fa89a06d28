import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Migration } from '../../lab/stage/migration.js';
import { startTemporal, temporalBinary, type TemporalServer } from '../../lab/temporal.js';
import { TASK_QUEUE } from '../../src/adapters/temporal-client.js';
import { bundleWorkflows } from '../../src/bundle-workflows.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { RunnablePage } from '../docs/runnable-page.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';

/** Every block of the page against a real Temporal server and real workflows; the long tests do it with a lab. */
describe('docs/temporal-cli.md', function () {
  this.timeout(120_000);
  const cluster = new FakeCluster({ ...aConfig(), cluster: 'lab' });
  let dir: string;
  let temporal: TemporalServer;
  let connection: Connection;
  let native: NativeConnection;
  let worker: { readonly it: Worker; readonly run: Promise<void> };
  let page: RunnablePage;
  let migration: Migration;

  before(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    dir = await mkdtemp(join(tmpdir(), 'zkferry-page-'));
    temporal = await startTemporal({ dir });
    connection = await Connection.connect({ address: temporal.address });
    native = await NativeConnection.connect({ address: temporal.address });
    const it = await Worker.create({
      connection: native,
      taskQueue: TASK_QUEUE,
      workflowBundle: { codePath: await bundleWorkflows(join(dir, 'bundle.js')) },
      activities: cluster.activities,
    });
    worker = { it, run: it.run() };
    const bin = join(dir, 'bin');
    await mkdir(bin);
    await symlink(temporalBinary(), join(bin, 'temporal'));
    await writeFile(join(dir, 'config.json'), JSON.stringify(cluster.config));
    // `zkferry input` with a cluster that is not there.
    await writeFile(join(bin, 'zkferry'), `#!/bin/sh\ncat '${join(dir, 'config.json')}'\n`, { mode: 0o755 });
    page = new RunnablePage('docs/temporal-cli.md', dir, {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      USER: 'ann',
    });
    const client = new Client({ connection });
    migration = new Migration(client.workflow.getHandle('zkferry-lab'));
  });

  after(async () => {
    worker?.it.shutdown();
    await worker?.run;
    await connection?.close();
    await native?.close();
    await temporal?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('prepares a namespace and shows who polls', async () => {
    await page.do('namespace');
    await page.do('search-attributes');
    assert.match(await page.do('pollers'), /@/);
  });

  it('starts a migration once, and shows it while it waits', async () => {
    await page.do('start');
    const second = await page.run('start');
    assert.notEqual(second.code, 0, second.stdout);
    const { planHash } = await migration.atGate('begin');
    assert.ok(planHash);
    assert.ok((await page.do('status')).includes(planHash));
    assert.ok((await page.do('plan')).includes(planHash));
    const details = await page.do('details');
    assert.ok(details.includes(`zkferry approve lab --gate begin --plan-hash ${planHash}`), details);
    assert.match(await page.do('describe'), /zkferry-lab/);
    assert.match(await page.do('waiting'), /zkferry-lab/);
  });

  it('cancels it before anything was written', async () => {
    await page.do('cancel');
    const { stdout } = await page.run('result');
    assert.match(stdout, /CANCELED/);
    assert.deepEqual(cluster.journal, []);
  });

  it('approves, pauses, decides an incident and goes back', async () => {
    cluster.wreck({ activity: 'repointAgent', host: 'a2', kind: 'refuse', times: 1 });
    await page.do('start');
    await migration.atGate('begin');
    const wrong = await page.run('approve', { GATE: 'complete' });
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr + wrong.stdout, /gate complete is not waiting; the gate that waits is begin/);
    await page.do('approve-by-signal', { GATE: 'complete' });
    assert.match(await page.do('details'), /Ignored messages: .*gate complete is not waiting/);
    await page.do('pause');
    await page.do('pace');
    await page.do('approve', { GATE: 'begin' });
    await migration.until(({ state }) => state === 'paused');
    await page.do('resume');
    await migration.until(({ state }) => state === 'awaiting-decision');
    await page.do('decide');
    await migration.atGate('cut-over');
    await page.do('rollback');
    assert.match(await page.do('result'), /rolled-back/);
  });

  it('takes what the migration itself prints, word for word, from the shell and from the UI', async () => {
    cluster.wreck({ activity: 'repointAgent', host: 'a2', kind: 'refuse', times: 1 });
    await page.do('start');
    const pasted = async ({ waitingFor }: MigrationStatus, which: RegExp): Promise<void> => {
      const line = waitingFor?.next.split('\n').find((one) => one.startsWith('temporal ') && which.test(one));
      assert.ok(line, waitingFor?.next);
      const { code, stderr } = await page.type(line);
      assert.equal(code, 0, `${line}\n${stderr}`);
    };
    await migration.atGate('begin');
    await page.do('pause');
    await pasted(await migration.atGate('begin'), /approve/);
    await pasted(await migration.until(({ state }) => state === 'paused'), /resume/);
    await pasted(await migration.until(({ state }) => state === 'awaiting-decision'), /"retry"/);
    await migration.atGate('cut-over');
    const { stdout } = await page.type('temporal workflow metadata --workflow-id zkferry-lab');
    const forms = [...stdout.matchAll(/› `(\w+)` \(.*\):\s+```json\s+(\{[^`]*\})\s+```/g)];
    assert.deepEqual(
      forms.map(([, name]) => name),
      ['approve', 'rollback'],
    );
    await migration.say('rollback', JSON.parse(forms[1]?.[2] ?? '') as object);
    assert.match(await page.do('result'), /rolled-back/);
  });

  it('has no block that was not run', () => {
    assert.deepEqual(page.left, []);
  });
});
