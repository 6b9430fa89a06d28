import assert from 'node:assert/strict';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv } from './migration-env.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the history that Temporal keeps of a migration', function () {
  this.timeout(300_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  it('does not grow while the way back waits for a person, though source stays out of sight', async () => {
    const cluster = new FakeCluster(
      aConfig(3, {
        strategy: 'dual-publishing',
        observers: [],
        credentials: { source: null, target: null, mesos: null, publisher: 'env:KEY' },
      }),
    );
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'repointFramework', kind: 'refuse' });
      await migration.say('rollback', { by: 'ann' });
      await migration.until((s) => s.state === 'awaiting-decision');
      const blind = { kind: 'blind', ensemble: 'source', seen: 'x', forMs: 30_000 } as const;
      const stays = setInterval(() => {
        if (cluster.divergences.length === 0) cluster.divergences.push(blind);
      }, 50);
      try {
        await migration.until((s) => s.incidents.some(({ code }) => code === 'FERRY_WATCH_BLIND'));
        // It has looked once more.
        await pause(15_000);
        const { historyLength: before } = await migration.handle.describe();
        await pause(25_000);
        const { historyLength } = await migration.handle.describe();
        assert.ok(historyLength - before <= 10, `${String(historyLength - before)} events in 25 s`);
      } finally {
        clearInterval(stays);
      }
      const { incidents } = await migration.status();
      assert.equal(incidents.filter(({ code }) => code === 'FERRY_WATCH_BLIND').length, 1, JSON.stringify(incidents));
      // Another subject is told.
      cluster.divergences.push({ kind: 'native-contender', znode: '/mesos/json.info_7', pid: 'x', master: 'm2' });
      await migration.until((s) => s.incidents.some(({ code }) => code === 'FERRY_NATIVE_CONTENDER'));
      cluster.mend();
      await migration.decide('retry');
      assert.equal((await migration.result()).state, 'rolled-back');
    });
  });
});
