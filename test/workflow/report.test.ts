import assert from 'node:assert/strict';
import { reportFrom } from '../../src/cli/report-source.js';
import { reportSchema } from '../../src/cli/schemas/report.js';
import type { Report } from '../../src/domain/report.js';
import { reportPage } from '../../src/report/page.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { type Migration, MigrationEnv } from './migration-env.js';

describe('report of a migration', function () {
  this.timeout(120_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const reportOn = (name: string, runId?: string): Promise<Report> =>
    reportFrom(env.client, name, { watched: null, ...(runId === undefined ? {} : { runId }) });

  it('tells one that waits, one that was terminated as far as it had come, and asks for a worker where it needs one', async () => {
    let name = '';
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      name = migration.handle.workflowId;
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const waiting = await reportOn(name);
      assert.deepEqual([waiting.outcome, waiting.run?.closed, waiting.endedAt], ['awaiting-approval', 'running', null]);
      assert.ok(waiting.batches?.some(({ hosts }) => hosts.includes('a1')));
      assert.ok(reportSchema.safeParse(waiting).success);

      await migration.handle.terminate('a slip of the finger');
      const cutOff = await reportOn(name.replace('zkferry-', ''));
      assert.deepEqual([cutOff.run?.closed, cutOff.residue], ['terminated', null]);
      assert.ok(cutOff.phases.some((phase) => phase.name === 'move-agents' && phase.outcome === 'done'));
      assert.match(reportPage(cutOff), /terminated while awaiting-approval[^]*--take-over/);
    });
    await assert.rejects(reportOn(name), { code: 'FERRY_NO_LAST_STATUS', remedy: /zkferry worker/ });
  });

  it('tells one that has ended without a worker, and an earlier one of the cluster by its run', async () => {
    let name = '';
    let first = '';
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      name = migration.handle.workflowId;
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.approve('complete');
      await migration.result();
      first = (await migration.handle.describe()).runId;
    });
    const report = await reportOn(name, first);
    assert.deepEqual([report.outcome, report.run?.closed, report.residue], ['migrated', 'completed', []]);
    assert.ok(report.window?.milestones.some((milestone) => milestone.name === 'point-of-no-return'));
    assert.deepEqual(report.unread, []);
    const steps = report.steps ?? [];
    assert.ok(steps.some(({ what, phase }) => what === 'restart a1 onto observers' && phase === 'move-agents'));
    assert.ok(steps.some(({ what, phase }) => what === 'stop master m1' && phase === 'cut-over'));
  });

  it('has nothing to tell of a config that did not validate, nor of a cluster without a migration', async () => {
    await assert.rejects(reportOn('nobody'), { code: 'FERRY_NO_MIGRATION' });
    const tell = async ({ handle }: Migration) => {
      await handle.result().catch(() => undefined);
      await assert.rejects(reportOn(handle.workflowId), {
        code: 'FERRY_NOTHING_TO_REPORT',
        message: /cluster: is bad/,
      });
    };
    await env.migrate(new FakeCluster(aConfig()), tell, { wrong: 'is bad' });
  });
});
