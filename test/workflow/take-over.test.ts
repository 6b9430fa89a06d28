import assert from 'node:assert/strict';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

describe('taking over what a terminated migration left', function () {
  this.timeout(90_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const from = 'zkferry-c/0aa1';
  const quick = { ...aConfig().policy, takeOver: from };
  const timeouts = { ...quick.timeouts, agentMs: 2_000, frameworkMs: 2_000 };
  const policy = { ...quick, timeouts };
  const left = () => new FakeCluster(aConfig(3, { policy }));
  const leftDual = () =>
    new FakeCluster(
      aConfig(3, {
        strategy: 'dual-publishing',
        observers: [],
        credentials: { source: null, target: null, mesos: null, publisher: 'env:KEY' },
        policy,
      }),
    );
  const goesBack = async (migration: Migration) => {
    const result = await migration.result();
    assert.equal(result.state, 'rolled-back', JSON.stringify(result, null, 1));
    return result;
  };

  it('writes nothing before gate begin, and then fences the hosts before anything moves', async () => {
    const cluster = left();
    await env.migrate(cluster, async (migration) => {
      await migration.atGate('begin');
      assert.deepEqual(cluster.journal, []);
      await migration.approve('begin');
      const result = await goesBack(migration);
      assert.equal(result.incidents.length, 0);
      const { journal } = cluster;
      inOrder(journal, ['take over lock', 'take over m1', 'take over trees of source and target', 'hold m1']);
      for (const name of ['m2', 'o3', 't1', 'f1', 'a2']) inOrder(journal, [`take over ${name}`, 'hold m1']);
      assert.ok(
        cluster.adopted.every(({ generation }) => generation > 1_040),
        'above every generation of before',
      );
      assert.deepEqual(cluster.adopted.find(({ host }) => host === 'm1')?.from, [from]);
    });
  });

  it('goes back through the barrier when anything may stand on target, then phase by phase', async () => {
    const cluster = left();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await goesBack(migration);
      const { journal } = cluster;
      for (const name of ['m1', 'm2', 'm3', 'o1', 'o2', 'o3']) inOrder(journal, [`stop ${name}`, 'barrier']);
      inOrder(journal, ['barrier', 'start o1 on source', 'leader in source', 'restart m1 onto source']);
      inOrder(journal, ['restart m1 onto source', 'restart f1 onto source', 'restart a1 onto source', 'remove o1']);
      inOrder(journal, ['remove o1', 'clean trees', 'unlock', 'release a1']);
      assert.ok(!journal.some((effect) => effect.endsWith('on target')), 'nothing is started on target');
    });
  });

  it('restarts no master together with the others when everything is surely on source', async () => {
    const cluster = left();
    cluster.found.standing = 'source';
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await goesBack(migration);
      assert.ok(!cluster.journal.includes('barrier'));
      inOrder(cluster.journal, ['restart m1 onto source', 'remove o1', 'unlock']);
    });
  });

  it('stops no master by the approval of a plan without an outage: it asks again once the plan has one', async () => {
    const cluster = left();
    cluster.found.standing = 'source';
    await env.migrate(cluster, async (migration) => {
      const { planHash } = await migration.atGate('begin');
      // A master's host does not answer for a moment, so where it stands is unknown.
      cluster.found.standing = 'unknown';
      cluster.changePlan();
      await migration.say('approve', { gate: 'begin', by: 'ann', planHash });
      const again = await migration.until(
        (s) => cluster.journal.includes('hold m1') || (s.state === 'awaiting-approval' && s.planHash !== planHash),
      );
      const moves = (effect: string) => /^(hold|stop|restart) /.test(effect);
      assert.equal(again.state, 'awaiting-approval', cluster.journal.join(', '));
      assert.equal(again.phase, 'take over');
      await assert.rejects(migration.say('rollback', { by: 'ann' }), 'a rollback is no approval');
      // It answers again before anybody has approved the outage.
      cluster.found.standing = 'source';
      cluster.changePlan();
      await migration.approve('begin');
      await migration.until((s) => s.state === 'awaiting-approval' && s.planHash !== again.planHash);
      assert.ok(!cluster.journal.some(moves), cluster.journal.join(', '));
      await migration.approve('begin');
      const result = await goesBack(migration);
      assert.equal(result.approvals.length, 3);
      assert.ok(!cluster.journal.includes('stop m1'), cluster.journal.join(', '));
    });
  });

  it('asks a person about what speaks against going on once the old run is fenced off', async () => {
    const cluster = left();
    await env.migrate(cluster, async (migration) => {
      await migration.atGate('begin');
      cluster.blocker = 'another migration has left traces, too';
      await migration.approve('begin');
      const asked = await migration.until((s) => s.state === 'awaiting-decision' || s.state === 'rolled-back');
      assert.equal(asked.incidents[0]?.code, 'FERRY_PREFLIGHT');
      assert.match(asked.incidents[0]?.message ?? '', /left traces/);
      assert.ok(!cluster.journal.includes('hold m1'), cluster.journal.join(', '));
      cluster.blocker = null;
      await migration.decide('retry');
      await goesBack(migration);
    });
  });

  it('asks who the agents are only once a master leads, and moves none before all are back', async () => {
    const cluster = left();
    cluster.leader = null;
    cluster.agentsNeedLeader = true;
    cluster.absent = ['agent a3 has not come back'];
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await goesBack(migration);
      inOrder(cluster.journal, ['leader in source', 'take over a1', 'restart a1 onto source']);
    });
  });

  it('asks a person when somebody does not come back, and goes on from there', async () => {
    const cluster = left();
    cluster.found.standing = 'source';
    cluster.leader = null;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const asked = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(asked.incidents[0]?.code, 'FERRY_ABSENT');
      assert.ok(!cluster.journal.some((effect) => effect.startsWith('restart')), 'nobody was moved');
      cluster.leader = 'm1';
      await migration.decide('retry');
      await goesBack(migration);
    });
  });

  it('brings a target without a quorum back with its old epoch, and takes its znodes over then', async () => {
    const cluster = left();
    cluster.found = { ...cluster.found, standing: 'source', targetServes: false };
    cluster.targetDown = true;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await goesBack(migration);
      inOrder(cluster.journal, ['take over trees of source', 'old epoch on t1', 'start t1', 'quorum of target']);
      inOrder(cluster.journal, ['quorum of target', 'take over trees of source and target', 'clean trees', 'unlock']);
    });
  });

  it('leaves a target that serves alone', async () => {
    const cluster = left();
    cluster.found.standing = 'source';
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await goesBack(migration);
      assert.ok(!cluster.journal.some((effect) => effect === 'stop t1' || effect.startsWith('epoch')));
    });
  });

  it('publishes again under dual publishing before its masters cross back, and until all have moved', async () => {
    const cluster = leftDual();
    cluster.found.publishing = true;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await goesBack(migration);
      const { journal } = cluster;
      inOrder(journal, ['take over trees of source and target', 'publish', 'remove publisher']);
      for (const name of ['m1', 'm2', 'm3']) {
        inOrder(journal, [`stop ${name}`, `point ${name} at source`, 'open source', `lift ${name} and start it`]);
      }
      inOrder(journal, ['close target', 'clear target', 'open source', 'publish again', 'leader in source']);
      inOrder(journal, ['leader in source', 'restart f1 onto source', 'restart a1 onto source', 'remove publisher']);
      inOrder(journal, ['remove publisher', 'remove door of target', 'clean trees', 'unlock']);
      assert.equal(cluster.mirrored, false);
    });
  });

  it('refuses a migration that still runs', async () => {
    const cluster = left();
    cluster.running = ['zkferry-c/cut-over-9'];
    await env.migrate(cluster, async (migration) => {
      await assert.rejects(migration.result(), (error: Error & { cause?: Error & { cause?: Error } }) => {
        assert.match(
          String(error.cause?.cause?.message ?? error.cause?.message),
          /still running: zkferry-c\/cut-over-9/,
        );
        return true;
      });
    });
    assert.deepEqual(cluster.journal, []);
  });

  it('takes nothing over when it is refused at gate begin', async () => {
    const cluster = left();
    await env.migrate(cluster, async (migration) => {
      await migration.atGate('begin');
      await migration.say('rollback', { by: 'ann' });
      await goesBack(migration);
    });
    assert.deepEqual(cluster.journal, []);
  });

  it('waits for a person while a host cannot be taken over, and names doctor when that is given up', async () => {
    const cluster = left();
    cluster.wreck({ activity: 'adoptHost', host: 'o2', kind: 'refuse' });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const asked = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(asked.incidents[0]?.host, 'o2');
      assert.ok(!cluster.journal.includes('hold m1'), 'nothing is stopped while the run of before may act');
      await migration.decide('skip');
      const result = await migration.result();
      assert.equal(result.state, 'stranded');
      assert.match(result.rollback.cost, /zkferry doctor/);
    });
  });
});

/** Each of these effects happened after the one before it. */
function inOrder(journal: readonly string[], effects: readonly string[]): void {
  let at = -1;
  for (const effect of effects) {
    const next = journal.indexOf(effect, at + 1);
    assert.ok(next > at, `${effect} in its order: ${journal.join(', ')}`);
    at = next;
  }
}
