import assert from 'node:assert/strict';
import { WorkflowExecutionAlreadyStartedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig, anAgent } from '../fakes/plans.js';
import { MigrationEnv } from './migration-env.js';

describe('migrateCluster', function () {
  this.timeout(90_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  it('moves a cluster through gates, phases and the window, in that order', async () => {
    const cluster = new FakeCluster(aConfig());
    // As masters do: starts are sent together with the look for a leader.
    cluster.electedOnlyAfter = 'lift m1 and start it';
    await env.migrate(cluster, async (migration) => {
      await migration.atGate('begin');
      assert.equal(cluster.journal.length, 0, 'nothing is written before gate begin');
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.approve('complete');
      const result = await migration.result();
      assert.equal(result.state, 'migrated');
      assert.deepEqual(
        result.approvals.map(({ gate }) => gate),
        ['begin', 'cut-over', 'complete'],
      );
      assert.equal(result.rollback.possible, false);
      assert.ok(result.window?.openedAt);
      assert.notEqual(result.window.coordinationMs, null);
      const journal = cluster.journal;
      assertBefore(journal, 'stop t3', 'epoch 105 on t1', 'every target server is down before an epoch changes');
      assertBefore(journal, 'install o3 on target', 'install o1 on source', 'the rehearsal comes first');
      assertBefore(journal, 'restart a3 onto its url', 'restart f1 onto its url', 'agents before frameworks');
      assertBefore(journal, 'restart f1 onto its url', 'restart m2 onto its url', 'frameworks before masters');
      assertBefore(journal, 'restart m3 onto its url', 'restart m1 onto its url', 'the leading master comes last');
      const window = journal.slice(journal.indexOf('hold m1'));
      assert.ok(window.indexOf('stop m1') < window.indexOf('stop o1'), 'the leading master is stopped first');
      for (const name of ['o1', 'o2', 'o3']) {
        assertBefore(window, `stop ${name}`, 'barrier', 'the barrier waits for every observer');
        assertBefore(window, 'barrier', `start ${name} on target`, 'nothing starts before the barrier');
        assertBefore(window, `start ${name} on target`, 'lift m1 and start it', 'masters start on a served ensemble');
      }
      assert.ok(window.includes('leader in target'), 'the masters elect afterwards');
      assert.equal(journal.at(-1), 'unlock');
    });
  });

  it('refuses approvals that make no sense, saying what would, and ignores such signals', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      const { planHash } = await migration.atGate('begin');
      const refused = async (message: unknown, text: RegExp) => {
        await assert.rejects(migration.say('approve', message), (error: unknown) => {
          assert.ok(error instanceof WorkflowUpdateFailedError);
          assert.match(String(error.cause?.message), text);
          return true;
        });
      };
      await refused({ gate: 'cut-over', by: 'ann', planHash }, /the gate that waits is begin/);
      await refused({ gate: 'begin', by: 'ann', planHash: 'stale' }, /plan stale is not the current one/);
      await refused({ gate: 'begin', planHash }, /by must name/);
      await refused('begin', /one JSON object/);
      await migration.handle.signal('approve', 'nonsense');
      await migration.handle.signal('rollback', {});
      assert.equal((await migration.status()).state, 'awaiting-approval');
      await migration.handle.signal('approve', { gate: 'begin', by: 'ann', planHash });
      await migration.atGate('cut-over');
    });
  });

  it('measures how prompt the timers of the Temporal server are before it makes the plan', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.atGate('begin');
      const planned = await migration.plan();
      assert.ok(Number.isInteger(planned?.plan.temporal?.timerLateMs), JSON.stringify(planned?.plan.temporal));
      const history = await migration.handle.fetchHistory();
      const types = (history.events ?? []).map((event) =>
        event.timerFiredEventAttributes ? 'timer' : event.activityTaskScheduledEventAttributes?.activityType?.name,
      );
      assert.ok(
        types.indexOf('timer') !== -1 && types.indexOf('timer') < types.indexOf('surveyAndPlan'),
        String(types),
      );
    });
  });

  it('refuses a second migration of the same cluster', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await assert.rejects(
        env.client.workflow.start('migrateCluster', {
          workflowId: migration.handle.workflowId,
          taskQueue: migration.taskQueue,
          args: [cluster.config],
        }),
        WorkflowExecutionAlreadyStartedError,
      );
    });
  });

  it('fails at once on an invalid input, naming every error', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(
      cluster,
      async (migration) => {
        await assert.rejects(migration.result(), (error: Error & { cause?: Error }) => {
          assert.match(String(error.cause?.message), /cluster: is bad[\s\S]*source\.servers: is missing/);
          return true;
        });
      },
      { wrong: 'is bad' },
    );
    assert.deepEqual(cluster.journal, []);
  });

  it('fails before any write when preflight blocks', async () => {
    const cluster = new FakeCluster(aConfig());
    cluster.blocker = 'the host key of m1 is another one';
    await env.migrate(cluster, async (migration) => {
      await assert.rejects(migration.result(), (error: Error & { cause?: Error }) => {
        assert.match(String(error.cause?.message), /unit-not-running on m1: the host key of m1 is another one/);
        return true;
      });
    });
    assert.deepEqual(cluster.journal, []);
  });

  it('has nothing to undo when it is rolled back at gate begin', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.atGate('begin');
      await migration.say('rollback', { by: 'ann' });
      assert.equal((await migration.result()).state, 'rolled-back');
    });
    assert.deepEqual(cluster.journal, []);
  });

  it('touches nothing on the way back when another migration holds the lock', async () => {
    const cluster = new FakeCluster(aConfig());
    cluster.wreck({ activity: 'acquireLock', kind: 'refuse', code: 'FERRY_LOCKED' });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.until((s) => s.state === 'awaiting-decision');
      await migration.say('rollback', { by: 'ann' });
      assert.equal((await migration.result()).state, 'rolled-back');
    });
    assert.deepEqual(cluster.journal, []);
  });

  it('undoes everything newest first when it is rolled back at gate cut-over', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const forward = cluster.journal.length;
      await migration.handle.signal('rollback', { by: 'ann', reason: 'a test' });
      assert.equal((await migration.result()).state, 'rolled-back');
      const back = cluster.journal.slice(forward);
      assertBefore(back, 'restart m1 onto source', 'restart f1 onto source', 'masters first');
      assertBefore(back, 'restart f1 onto source', 'restart a1 onto source', 'then frameworks');
      assertBefore(back, 'restart a3 onto source', 'remove o1', 'then agents');
      assertBefore(back, 'remove o3', 'clean trees', 'then the observers');
      assertBefore(back, 'clean trees', 'unlock', 'then the trees');
      assert.ok(back.includes('release a2'), 'hosts are left clean');
    });
  });

  it('waits for a master that is still starting when the way back begins in the middle of its restart', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitMaster', host: 'm2', times: 1, kind: 'hang' });
      await migration.approve('begin');
      // Not before: the way back would meet the hanging step instead.
      await migration.until(() => cluster.hung === 1);
      cluster.silentReads = 2;
      await migration.handle.signal('rollback', { by: 'ann' });
      const result = await migration.result();
      assert.equal(result.state, 'rolled-back');
      assert.deepEqual(result.incidents, []);
    });
  });

  it('names agents that are late by their host, and goes on once they are back', async () => {
    const cluster = new FakeCluster(aConfig());
    cluster.lateAgents = ['a2-id'];
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const { incidents } = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(incidents[0]?.code, 'FERRY_AGENTS_LATE');
      assert.match(incidents[0].message, /: a2 10\.0\.0\.\d+, id a2-id$/);
      cluster.lateAgents = [];
      await migration.decide('retry');
      await migration.atGate('cut-over');
    });
  });

  it('asks a person when an agent fails, moves it again on retry, and counts a skipped one as left', async () => {
    const cluster = new FakeCluster(aConfig());
    cluster.wreck({ activity: 'repointAgent', host: 'a2', times: 8, kind: 'fail' });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const waiting = await migration.until((s) => s.state === 'awaiting-decision');
      const incident = waiting.incidents[0];
      assert.equal(incident?.host, 'a2');
      assert.equal(incident.remedy, 'mend it');
      await assert.rejects(migration.say('decide', { incident: 'i9', action: 'retry', by: 'ann' }));
      await migration.decide('retry');
      await migration.until((s) => s.incidents.length === 2 && s.state === 'awaiting-decision');
      cluster.agentsOnSource = ['a2'];
      await migration.decide('skip');
      const blocked = await migration.until((s) => s.incidents.length === 3 && s.state === 'awaiting-decision');
      assert.equal(blocked.incidents[2]?.code, 'FERRY_STRAGGLERS');
      cluster.agentsOnSource = [];
      await migration.decide('retry');
      await migration.atGate('cut-over');
      assert.ok(cluster.journal.includes('restart a2 onto its url'));
    });
  });

  it('moves newcomers as one more batch and closes the gate again when the plan changed after the approval', async () => {
    const cluster = new FakeCluster(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const first = await migration.atGate('cut-over');
      cluster.newcomers = [anAgent('a9')];
      await migration.say('approve', { gate: 'cut-over', by: 'ann', planHash: first.planHash });
      const again = await migration.until((s) => s.state === 'awaiting-approval' && s.planHash !== first.planHash);
      assert.ok(cluster.journal.includes('restart a9 onto its url'));
      assert.ok(!cluster.journal.includes('hold m1'), 'the window has not opened');
      assert.notEqual(again.planHash, first.planHash);
      assert.equal(
        cluster.stragglerLooks,
        2,
        'none right after the newcomer has left source, but the one before a gate',
      );
      await migration.approve('cut-over');
      await migration.atGate('complete');
    });
  });

  it('holds between batches while paused and goes on after resume', async () => {
    const cluster = new FakeCluster(aConfig(8, { policy: { ...aConfig().policy, maxBatch: 1 } }));
    cluster.stepMs = 100;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.until(() => cluster.journal.includes('restart a1 onto its url'));
      await migration.say('pause', { by: 'ann' });
      assert.equal((await migration.status()).state, 'paused');
      let moved = -1;
      while (moved !== movedAgents(cluster)) {
        moved = movedAgents(cluster);
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      }
      assert.ok(moved < 8, `${moved} agents moved although paused`);
      await migration.say('resume', { by: 'ann' });
      await migration.atGate('cut-over');
      assert.equal(movedAgents(cluster), 8);
    });
  });
});

function movedAgents(cluster: FakeCluster): number {
  return cluster.journal.filter((effect) => /^restart a\d/.test(effect)).length;
}

function assertBefore(journal: readonly string[], first: string, second: string, why: string): void {
  const [a, b] = [journal.indexOf(first), journal.indexOf(second)];
  assert.ok(a >= 0, `${first} never happened: ${journal.join(', ')}`);
  assert.ok(b >= 0, `${second} never happened: ${journal.join(', ')}`);
  assert.ok(a < b, `${why}: ${journal.join(', ')}`);
}
