import assert from 'node:assert/strict';
import type { ClusterConfig } from '../../src/domain/config.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

describe('doors, and who may wait behind them', function () {
  this.timeout(240_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const dual = (policy: ClusterConfig['policy'] = aConfig().policy): FakeCluster =>
    new FakeCluster(
      aConfig(3, {
        strategy: 'dual-publishing',
        observers: [],
        credentials: { source: null, target: null, mesos: null, publisher: 'env:KEY' },
        policy,
      }),
    );

  /** As far as gate `cut-over`. */
  async function toTheGate(migration: Migration): Promise<void> {
    await migration.approve('begin');
    await migration.atGate('cut-over', { patienceMs: 120_000 });
  }

  /** The masters are down when target loses its quorum; source is in perfect health. */
  async function loseTargetInTheWindow(migration: Migration, cluster: FakeCluster): Promise<void> {
    await toTheGate(migration);
    cluster.wreck({ activity: 'withdrawMirrors', kind: 'fail' });
    cluster.wreck({ activity: 'resumePublishing', kind: 'fail' });
    await migration.approve('cut-over');
    await migration.until(() => cluster.journal.includes('close source'));
    cluster.wreck({ activity: 'closeDoor', kind: 'fail' });
    const { incidents } = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 120_000 });
    assert.match(incidents.at(-1)?.message ?? '', /turned back: .*target could not be told to mirror source again/);
  }

  const opens = (cluster: FakeCluster): string[] =>
    cluster.journal.filter((effect) => effect.startsWith('remove door'));
  const masters = ['m1', 'm2', 'm3'];

  it('asks at gate complete, while a rollback is still possible, when a master waits behind the door of source', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await toTheGate(migration);
      await migration.approve('cut-over');
      await migration.atGate('complete', { patienceMs: 120_000 });
      cluster.wreck({ activity: 'provesMastersOn', kind: 'refuse', code: 'FERRY_NOT_PROVED' });
      await migration.approve('complete');
      const status = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(status.rollback.possible, true);
      assert.deepEqual(opens(cluster), [], 'source would be open to the one that waits');
      cluster.mend();
      await migration.decide('retry');
      await migration.approve('complete');
      assert.equal((await migration.result()).state, 'migrated');
      inOrder(cluster.journal, [
        'masters on target',
        'remove publisher',
        'remove door of target',
        'remove door of source',
      ]);
    });
  });

  it('opens no door at the end before it has proved again where every master is, and leaves them closed when that is skipped', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await toTheGate(migration);
      await migration.approve('cut-over');
      await migration.atGate('complete', { patienceMs: 120_000 });
      cluster.wreckAfter('masters on target', {
        activity: 'provesMastersOn',
        kind: 'refuse',
        code: 'FERRY_NOT_PROVED',
      });
      await migration.approve('complete');
      const status = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(status.phase, 'end-publishing');
      assert.deepEqual(opens(cluster), []);
      await migration.decide('skip');
      assert.equal((await migration.result()).state, 'migrated');
      assert.deepEqual(opens(cluster), [], 'a person may leave it, and nobody opens it unseen');
    });
  });

  it('opens the door of target on the way back only once every master is proved to be on source', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await toTheGate(migration);
      cluster.wreck({ activity: 'provesMastersOn', kind: 'refuse', code: 'FERRY_NOT_PROVED' });
      await migration.say('rollback', { by: 'ann' });
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      assert.equal(status.phase, 'undo publish');
      assert.deepEqual(opens(cluster), [], 'target would be open to the one that waits');
      assert.ok(!masters.some((name) => cluster.journal.includes(`stop ${name}`)));
      cluster.mend();
      await migration.decide('retry');
      assert.equal((await migration.result()).state, 'rolled-back');
      inOrder(cluster.journal, ['masters on source', 'remove publisher', 'remove door of target']);
    });
  });

  const askedAboutM3 = async (migration: Migration) => {
    const { waitingFor, phase } = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
    assert.match(waitingFor?.what ?? '', /m3.*skip goes on without m3: whoever chooses it vouches/s);
    return { phase, commands: waitingFor?.next ?? '' };
  };

  it('lets a person vouch at gate complete for a master whose host is dead for good, and ends without it', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await toTheGate(migration);
      await migration.approve('cut-over');
      await migration.atGate('complete', { patienceMs: 120_000 });
      cluster.dead = ['m3'];
      await migration.approve('complete');
      const { phase, commands } = await askedAboutM3(migration);
      assert.equal(phase, 'gate complete');
      for (const action of ['retry', 'skip', 'rollback']) assert.ok(commands.includes(`--action ${action}`), commands);
      await migration.decide('skip');
      // The clean-up of its host is asked about by itself.
      const asked = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(asked.phase, 'clean-up');
      assert.equal(asked.incidents.at(-1)?.host, 'm3');
      await migration.decide('skip');
      assert.equal((await migration.result()).state, 'migrated');
      inOrder(cluster.journal, ['remove publisher', 'remove door of target', 'remove door of source', 'unlock']);
      assert.ok(cluster.journal.includes('release m1'));
    });
  });

  it('opens the doors on the way back without a master that is vouched for, and vouches for one side alone', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await toTheGate(migration);
      await migration.approve('cut-over');
      await migration.atGate('complete', { patienceMs: 120_000 });
      cluster.dead = ['m3'];
      // What is wrong on another host comes out only in the look after that answer.
      cluster.wreck({ activity: 'provesMastersOn', kind: 'refuse', code: 'FERRY_NOT_PROVED' });
      await migration.approve('complete');
      await askedAboutM3(migration);
      await migration.decide('skip');
      await migration.until((s) => s.incidents.at(-1)?.code === 'FERRY_NOT_PROVED');
      cluster.mend();
      await migration.decide('rollback');
      await migration.until((s) => s.phase === 'undo publish', { patienceMs: 120_000 });
      const { commands } = await askedAboutM3(migration);
      assert.ok(!commands.includes('--action rollback'), commands);
      await migration.decide('skip');
      await migration.until((s) => s.state === 'awaiting-decision' && s.phase === 'clean-up');
      await migration.decide('skip');
      assert.equal((await migration.result()).state, 'rolled-back');
      inOrder(cluster.journal, ['masters on source', 'remove publisher', 'remove door of target']);
    });
  });

  it('needs no such proof when it goes back before any door was closed', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'proveAcls', kind: 'refuse' });
      cluster.wreck({ activity: 'provesMastersOn', kind: 'refuse', code: 'FERRY_NOT_PROVED' });
      await migration.approve('begin');
      await migration.decide('rollback');
      assert.equal((await migration.result()).state, 'rolled-back');
    });
  });

  const short = { ...aConfig().policy, budgetMs: 40_000, reserveMs: 30_000, forecastShare: 1 };

  it('brings the masters back on source although target is away, when nothing was opened there', async () => {
    const cluster = dual(short);
    await env.migrate(cluster, async (migration) => {
      await loseTargetInTheWindow(migration, cluster);
      const since = cluster.journal.slice(cluster.journal.indexOf('stop m1'));
      assert.ok(!since.includes('open target'), 'nothing was opened in target');
      const back = ['open source', 'lift m1 and start it', 'lift m2 and start it', 'lift m3 and start it'];
      assert.deepEqual(since.filter((effect) => back.includes(effect)).sort(), [...back].sort(), since.join(', '));
      assert.ok(since.indexOf('open source') < since.findIndex((effect) => effect.startsWith('lift')), 'S20');
      assert.ok(since.includes('leader in source'));
      assert.ok(!since.includes('publish again'));

      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over', { patienceMs: 60_000 });
      assert.ok(cluster.journal.includes('publish again'), 'agents on target see their leader before the gate asks');
    });
  });

  it('does not need target to go on back from there, and asks only before its door is opened', async () => {
    const cluster = dual(short);
    await env.migrate(cluster, async (migration) => {
      await loseTargetInTheWindow(migration, cluster);
      cluster.wreck({ activity: 'removePublisher', kind: 'refuse' });
      await migration.decide('rollback');
      await migration.until((s) => s.state === 'awaiting-decision' && s.phase === 'undo publish', {
        patienceMs: 120_000,
      });
      assert.ok(cluster.journal.includes('restart a1 onto source'), cluster.journal.join(', '));
      assert.ok(!cluster.journal.includes('remove door of target'));
    });
  });
});

/** Each of these comes after the one before it. */
function inOrder(journal: readonly string[], effects: readonly string[]): void {
  let at = -1;
  for (const effect of effects) {
    at = journal.indexOf(effect, at + 1);
    assert.ok(at >= 0, `no ${effect} in its place: ${journal.join(', ')}`);
  }
}
