import assert from 'node:assert/strict';
import { observeRuns } from '../../src/adapters/temporal-run-observer.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv } from './migration-env.js';

describe('a step that fails again and again', function () {
  this.timeout(60_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  it('is seen from outside with its window, its attempts and its reason, before anybody is asked', async () => {
    const policy = { ...aConfig().policy, budgetMs: 24_000, reserveMs: 14_000, forecastShare: 1 };
    const cluster = new FakeCluster(aConfig(3, { policy }));
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'flipObserver', host: 'o3', times: 6, kind: 'fail' });
      await migration.approve('cut-over');
      const seen = async () => {
        const runs = await observeRuns(env.client, migration.handle.workflowId);
        return runs.find(({ type }) => type === 'cutOver')?.failing ?? null;
      };
      let failing = await seen();
      while ((failing?.attempts ?? 0) < 4) failing = await seen();
      assert.equal(failing?.activity, 'flipObserver');
      assert.match(failing.failure, /flipObserver failed on o3/);
      await migration.atGate('complete');
    });
  });
});
