import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

describe('the last look before the window', function () {
  this.timeout(240_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  /** Longer than a look may be old. */
  const TOO_LONG_MS = 65_000;

  const stopped = ({ journal }: FakeCluster): boolean => journal.some((effect) => /^stop m/.test(effect));

  it('is taken again when a person was asked in the middle of it, who may have answered hours later', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const { planHash } = await migration.atGate('cut-over');
      cluster.agentsOnSource = ['a1'];
      await migration.say('approve', { gate: 'cut-over', by: 'ann', planHash });
      await migration.until((s) => s.incidents.at(-1)?.code === 'FERRY_STRAGGLERS');
      cluster.changePlan();
      cluster.agentsOnSource = [];
      await migration.decide('retry');
      await asksAnew(cluster, migration, planHash);
    });
  });

  it('is taken again when it took longer than a minute, as it does while no worker is there', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const { planHash } = await migration.atGate('cut-over');
      cluster.wreck({ activity: 'findStragglers', times: 1, kind: 'wait' });
      await migration.say('approve', { gate: 'cut-over', by: 'ann', planHash });
      await migration.until(() => cluster.waiting === 1);
      cluster.changePlan();
      await delay(TOO_LONG_MS);
      cluster.release();
      await asksAnew(cluster, migration, planHash);
    });
  });

  it('opens no window whose preparation took too long; the gate then looks and asks again', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'parkObserver', host: 'o1', times: 1, kind: 'wait' });
      await migration.approve('cut-over');
      await migration.until(() => cluster.waiting === 1);
      await delay(TOO_LONG_MS);
      cluster.release();
      const asked = await migration.until((s) => stopped(cluster) || s.state === 'awaiting-decision');
      assert.equal(stopped(cluster), false, cluster.journal.join(', '));
      assert.equal(asked.incidents.at(-1)?.code, 'FERRY_OLD_LOOK', JSON.stringify(asked, null, 1));
      assert.equal(asked.window?.openedAt ?? null, null);
      await migration.decide('retry');
      await migration.approve('cut-over');
      await migration.atGate('complete');
    });
  });

  /** The gate waits for an approval of the plan as it is by now, and no master was stopped. */
  async function asksAnew(cluster: FakeCluster, migration: Migration, planHash: string | null): Promise<void> {
    await migration.until((s) => stopped(cluster) || (s.state === 'awaiting-approval' && s.planHash !== planHash));
    assert.equal(stopped(cluster), false, cluster.journal.join(', '));
  }
});
