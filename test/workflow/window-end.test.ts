import assert from 'node:assert/strict';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

describe('the end of a critical window', function () {
  this.timeout(120_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  async function toWindow(cluster: FakeCluster, migration: Migration): Promise<number> {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    const mark = cluster.journal.length;
    await migration.approve('cut-over');
    return mark;
  }

  for (const strategy of ['observers', 'dual-publishing'] as const) {
    const way = strategy === 'observers' ? {} : { strategy, observers: [] };
    const tooTight = {
      'the forecast exceeds its share of the budget': [{ forecastShare: 0.05 }, /exceeds 5 % of the budget of 75 s/],
      'forecast and reserve exceed the budget': [{ reserveMs: 70_000 }, /reserve 70 s exceed the budget of 75 s/],
    } as const;
    for (const [why, [change, told]] of Object.entries(tooTight)) {
      it(`does not open when ${why}, and has stopped nothing (${strategy})`, async () => {
        const policy = { ...aConfig().policy, ...change };
        const cluster = new FakeCluster(aConfig(3, { ...way, policy }));
        await env.migrate(cluster, async (migration) => {
          const mark = await toWindow(cluster, migration);
          const status = await migration.until((s) => s.state === 'awaiting-decision');
          assert.equal(status.incidents.at(-1)?.code, 'FERRY_FORECAST');
          assert.match(status.incidents.at(-1)?.message ?? '', told);
          assert.match(status.window?.derivation ?? '', /registration 0 s \(measured\)/);
          assert.equal(status.window?.openedAt, null);
          assert.deepEqual(cluster.journal.slice(mark), []);
        });
      });
    }
  }

  it('turns back when it is rolled back before the point of no return', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
      const mark = await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.slice(mark).includes('lift m1 and start it'));
      await migration.say('rollback', { by: 'ann' });
      const result = await migration.result();
      assert.equal(result.state, 'rolled-back');
      assert.equal(cluster.observersOn, 'source');
      assert.equal(cluster.journal.filter((effect) => effect === 'start o1 on source').length, 1);
    });
  });

  it('finishes when a rollback comes after the point of no return, then runs the window the other way', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitAgentsBack', times: 1, kind: 'fail' });
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.atGate('complete');
      const mark = cluster.journal.length;
      await migration.say('rollback', { by: 'ann' });
      const result = await migration.result();
      assert.equal(result.state, 'rolled-back');
      const back = cluster.journal.slice(mark);
      assert.equal(cluster.observersOn, 'source');
      for (const name of ['m1', 'm2', 'm3', 'o1', 'o2', 'o3']) {
        assert.ok(back.indexOf(`stop ${name}`) >= 0 && back.indexOf(`stop ${name}`) < back.indexOf('barrier'));
      }
      assert.ok(back.indexOf('leader in source') < back.indexOf('restart m1 onto source'));
    });
  });

  it('ends as switched when a rollback comes while the leader is being proved, then runs the window the other way', async () => {
    const cluster = new FakeCluster(aConfig());
    cluster.leaderMs = 3_000;
    await env.migrate(cluster, async (migration) => {
      const mark = await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.slice(mark).includes('lift m1 and start it'));
      await migration.say('rollback', { by: 'ann' });
      const result = await migration.result();
      assert.equal(result.state, 'rolled-back');
      const effects = cluster.journal.slice(mark);
      assert.ok(effects.indexOf('leader in target') < effects.indexOf('leader in source'), effects.join(', '));
      assert.equal(cluster.observersOn, 'source');
    });
  });

  it('waits for a person when a compensation fails, and goes on undoing after retry', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'removeObserver', host: 'o1', times: 4, kind: 'fail' });
      await migration.say('rollback', { by: 'ann' });
      const status = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(status.incidents.at(-1)?.host, 'o1');
      assert.ok(!cluster.journal.includes('unlock'));
      await migration.decide('retry');
      assert.equal((await migration.result()).state, 'rolled-back');
      assert.equal(cluster.journal.at(-1)?.startsWith('release'), true);
    });
  });

  it('ends stranded when a person gives a compensation up', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'removeObserver', host: 'o1', kind: 'fail' });
      await migration.say('rollback', { by: 'ann' });
      await migration.decide('skip');
      assert.equal((await migration.result()).state, 'stranded');
    });
  });
});
