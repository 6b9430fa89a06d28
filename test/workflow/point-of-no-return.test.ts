import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import type { StrategyName } from '../../src/domain/config.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Decider, type Migration } from './migration-env.js';

/**
 * What people say around the point of no return: right before it, in the very activation that learns
 * of the proved leader, and right after it.
 */
describe('the point of no return', function () {
  this.timeout(120_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const strategies: readonly StrategyName[] = ['observers', 'dual-publishing'];
  const orders = {
    rollback: (migration: Migration) => migration.handle.signal('rollback', { by: 'ann' }),
    cancel: (migration: Migration) => migration.handle.cancel(),
  } as const;

  for (const strategy of strategies) {
    for (const [order, give] of Object.entries(orders)) {
      it(`${strategy}: a ${order} right before it undoes the window, and no second one is run`, async () => {
        const cluster = of(strategy);
        cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
        await env.migrate(cluster, async (migration) => {
          const mark = await toWindow(cluster, migration);
          await migration.until(() => cluster.journal.slice(mark).includes('lift m3 and start it'));
          await give(migration);
          const result = await migration.result();
          assert.equal(result.state, 'rolled-back');
          assert.equal(result.window?.pointOfNoReturnAt, null);
          assert.deepEqual(leaders(cluster, mark), ['leader in source']);
        });
      });

      it(`${strategy}: a ${order} that arrives together with the proof comes too late, and the window is run back`, async () => {
        const cluster = of(strategy);
        cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'wait' });
        await env.migrateApart(cluster, async (migration, decider) => {
          const mark = await toWindow(cluster, migration);
          await waitsFor(cluster, 1);
          const window = await windowOf(migration);
          await gather(decider, async () => {
            await give(migration);
            // What the migration would do a moment later.
            await window.cancel();
            cluster.release();
            await proved(window);
          });
          const result = await migration.result();
          assert.equal(result.state, 'rolled-back');
          assert.deepEqual(leaders(cluster, mark), ['leader in target', 'leader in source']);
          assert.equal(result.timeline.find(({ phase }) => phase === 'undo cut-over')?.outcome, 'done');
        });
      });

      it(`${strategy}: a ${order} right after it cancels nothing of its tail, and the window is run back`, async () => {
        const cluster = of(strategy);
        cluster.wreck({ activity: 'liftHold', host: 'm3', times: 1, kind: 'wait' });
        await env.migrate(cluster, async (migration) => {
          await migration.approve('begin');
          await migration.atGate('cut-over');
          cluster.wreck({ activity: 'awaitAgentsBack', times: 1, kind: 'wait' });
          const mark = cluster.journal.length;
          await migration.approve('cut-over');
          const { window, rollback } = await migration.until((s) => (s.window?.pointOfNoReturnAt ?? null) !== null);
          await waitsFor(cluster, 2);
          assert.ok(window?.pointOfNoReturnAt);
          assert.match(rollback.cost, /a second outage/);
          await give(migration);
          // Long enough for a cancellation to reach the steps, had it been passed on.
          await delay(2_500);
          cluster.release();
          const result = await migration.result();
          assert.equal(result.state, 'rolled-back');
          assert.deepEqual(leaders(cluster, mark), ['leader in target', 'leader in source']);
          const effects = cluster.journal.slice(mark);
          assert.ok(!effects.some((effect) => effect.startsWith('cancelled')), effects.join(', '));
          assert.ok(effects.indexOf('lift m3 and start it') > effects.indexOf('leader in target'));
        });
      });
    }

    it(`${strategy}: a pause beside it waits for the end of the window, with everything on target`, async () => {
      const cluster = of(strategy);
      cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'wait' });
      await env.migrateApart(cluster, async (migration, decider) => {
        const mark = await toWindow(cluster, migration);
        await waitsFor(cluster, 1);
        const window = await windowOf(migration);
        await gather(decider, async () => {
          await migration.handle.signal('pause', { by: 'ann' });
          cluster.release();
          await proved(window);
        });
        const paused = await migration.until((s) => s.state === 'paused');
        assert.ok(paused.window?.pointOfNoReturnAt);
        assert.equal(paused.timeline.at(-1)?.phase, 'cut-over');
        assert.equal(paused.timeline.at(-1)?.outcome, 'done');
        assert.deepEqual(leaders(cluster, mark), ['leader in target']);
        await migration.say('resume', { by: 'ann' });
        await migration.atGate('complete');
      });
    });
  }

  it('opens no window, in either direction, when the migration is cancelled in the instant in which it would open', async () => {
    const cluster = of('observers');
    await env.migrateApart(cluster, async (migration, decider) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      // The last look before the window: the one after the approval.
      cluster.wreck({ activity: 'findStragglers', times: 1, kind: 'wait' });
      await migration.approve('cut-over');
      await waitsFor(cluster, 1);
      await gather(decider, async () => {
        await migration.handle.cancel();
        cluster.release();
        await noneUnderWay(migration.handle);
      });
      const result = await migration.result();
      assert.equal(result.state, 'rolled-back');
      assert.deepEqual(leaders(cluster, mark), []);
      assert.ok(!cluster.journal.slice(mark).includes('hold m1'), cluster.journal.slice(mark).join(', '));
    });
  });

  function of(strategy: StrategyName): FakeCluster {
    return new FakeCluster(aConfig(3, strategy === 'observers' ? {} : { strategy, observers: [] }));
  }

  async function toWindow(cluster: FakeCluster, migration: Migration): Promise<number> {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    const mark = cluster.journal.length;
    await migration.approve('cut-over');
    return mark;
  }

  function leaders(cluster: FakeCluster, since: number): string[] {
    return cluster.journal.slice(since).filter((effect) => effect.startsWith('leader in'));
  }

  async function waitsFor(cluster: FakeCluster, steps: number): Promise<void> {
    for (const end = Date.now() + 30_000; cluster.waiting < steps; await delay(50)) {
      assert.ok(Date.now() < end, `${cluster.waiting} of ${steps} steps wait: ${cluster.journal.join(', ')}`);
    }
  }

  async function windowOf(migration: Migration): Promise<WorkflowHandle> {
    const { raw } = await migration.handle.describe();
    const child = raw.pendingChildren?.find(({ workflowId }) => workflowId?.includes('/cut-over-'));
    return env.client.workflow.getHandle(child?.workflowId ?? '');
  }

  /** Whatever happens in `work` reaches the workflows in one activation each. */
  async function gather(decider: Decider, work: () => Promise<unknown>): Promise<void> {
    await decider.stop();
    await work();
    await decider.start();
  }

  /** The server knows that the leader is proved. */
  function proved(window: WorkflowHandle): Promise<void> {
    return noneUnderWay(window);
  }

  async function noneUnderWay(handle: WorkflowHandle): Promise<void> {
    for (;;) {
      const { raw } = await handle.describe();
      if ((raw.pendingActivities ?? []).length === 0) return;
      await delay(50);
    }
  }
});
