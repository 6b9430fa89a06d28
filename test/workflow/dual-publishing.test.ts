import assert from 'node:assert/strict';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

describe('dual publishing', function () {
  this.timeout(120_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const short = { ...aConfig().policy, budgetMs: 40_000, reserveMs: 30_000, forecastShare: 1 };
  const dual = (policy = aConfig().policy) =>
    new FakeCluster(
      aConfig(3, {
        strategy: 'dual-publishing',
        observers: [],
        credentials: { source: null, target: null, mesos: null, publisher: 'env:KEY' },
        policy,
      }),
    );
  const masters = ['m1', 'm2', 'm3'];

  it('publishes before anybody moves, and crosses with all masters behind two barriers', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.approve('complete');
      const result = await migration.result();
      assert.equal(result.state, 'migrated', JSON.stringify(result, null, 1));
      assert.deepEqual(result.incidents, []);
      const journal = cluster.journal;
      inOrder(journal, ['prove ACLs of target', 'raise counter', 'close target', 'prepare publisher', 'mirrored']);
      inOrder(journal, ['mirrored', 'restart a1 onto its url', 'restart f1 onto its url', 'stop m1']);
      for (const name of masters) {
        inOrder(journal, [`stop ${name}`, 'withdraw mirrors', 'open target', `lift ${name} and start it`]);
        inOrder(journal, [`stop ${name}`, 'close source', 'clear source', 'open target']);
        for (const other of masters) inOrder(journal, [`stop ${name}`, `point ${other} at target`, 'open target']);
      }
      inOrder(journal, ['leader in target', 'full log', 'remove publisher', 'remove door of source', 'unlock']);
      assert.ok(!journal.some((effect) => effect.startsWith('restart m')), 'masters are not restarted one by one');
      assert.equal(cluster.mirrored, false);
    });
  });

  it('keeps a master that refuses to stop from costing the others their leader, and publishes again', async () => {
    const cluster = dual(short);
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'stopHeld', host: 'm3', kind: 'hang' });
      // As a quorum of masters does: starts are sent together with the look for a leader.
      cluster.electedOnlyAfter = 'lift m1 and start it';
      const mark = await toWindow(cluster, migration);
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      assert.match(status.incidents.at(-1)?.message ?? '', /turned back/);
      const effects = cluster.journal.slice(mark);
      assert.ok(
        !effects.some((effect) => effect.endsWith('at target') || effect === 'open target'),
        'the barrier held',
      );
      inOrder(effects, ['stop m1', 'point m1 at source', 'open source', 'lift m1 and start it', 'leader in source']);
      inOrder(effects, ['open source', 'publish again']);
      cluster.mend();
      await migration.decide('retry');
      await migration.approve('cut-over');
      await migration.atGate('complete');
    });
  });

  it('goes back behind the same barriers once a start was sent towards target', async () => {
    const cluster = dual(short);
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
      const mark = await toWindow(cluster, migration);
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      assert.equal(status.incidents.at(-1)?.code, 'FERRY_TURN_BACK');
      const effects = cluster.journal.slice(mark);
      const back = effects.slice(
        effects.lastIndexOf('lift m1 and start it', effects.indexOf('leader in source') - 4) + 1,
      );
      for (const name of masters) {
        inOrder(back, [`stop ${name}`, `point ${name} at source`, 'open source', 'publish again']);
        inOrder(back, [`stop ${name}`, 'close target', 'clear target', 'open source', `lift ${name} and start it`]);
      }
      assert.deepEqual(cluster.doors, { source: 'open', target: 'closed' });
      assert.equal(cluster.mirrored, true);
    });
  });

  it('does not start a master that could not be pointed back at source', async () => {
    const cluster = dual(short);
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'openDoor', times: 1, kind: 'hang' });
      const mark = await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.slice(mark).includes('point m2 at target'));
      cluster.wreck({ activity: 'swapMasterUrl', host: 'm2', kind: 'refuse' });
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 90_000 });
      assert.match(status.incidents.at(-1)?.message ?? '', /still held down, because unreachable: m2/);
      assert.ok(!cluster.journal.slice(mark).includes('lift m2 and start it'));
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over');
      inOrder(cluster.journal.slice(mark), ['leader in source', 'point m2 at source', 'lift m2 and start it']);
    });
  });

  it('starts the other masters on source while the host of one does not answer', async () => {
    const cluster = dual(short);
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'openDoor', times: 1, kind: 'hang' });
      const mark = await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.slice(mark).includes('point m2 at target'));
      cluster.wreck({ activity: 'swapMasterUrl', host: 'm2', times: 1, kind: 'wait' });
      await migration.until(() => cluster.journal.slice(mark).includes('leader in source'), { patienceMs: 60_000 });
      const back = cluster.journal.slice(mark);
      for (const name of ['m1', 'm3']) {
        inOrder(back, [`point ${name} at source`, `lift ${name} and start it`]);
        inOrder(back, ['close target', 'open source', 'leader in source']);
      }
      assert.ok(!back.includes('lift m2 and start it'), back.join(', '));
      cluster.release();
      const status = await migration.until((s) => s.state === 'awaiting-decision');
      inOrder(cluster.journal.slice(mark), ['point m2 at source', 'lift m2 and start it']);
      assert.equal(status.incidents.at(-1)?.code, 'FERRY_TURN_BACK');
    });
  });

  it('undoes everything, the publisher last, when it is rolled back at gate cut-over', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      await migration.handle.signal('rollback', { by: 'ann' });
      assert.equal((await migration.result()).state, 'rolled-back');
      const back = cluster.journal.slice(mark);
      inOrder(back, ['restart f1 onto source', 'restart a1 onto source', 'remove publisher', 'remove door of target']);
      inOrder(back, ['remove door of target', 'clean trees', 'unlock']);
      assert.ok(!back.includes('publish'), 'no second publisher was needed on the way back');
    });
  });

  it('runs the window the other way when it is rolled back after it, and publishes source to the agents again', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.atGate('complete');
      const mark = cluster.journal.length;
      await migration.say('rollback', { by: 'ann' });
      assert.equal((await migration.result()).state, 'rolled-back');
      const back = cluster.journal.slice(mark);
      for (const name of masters) {
        inOrder(back, [`stop ${name}`, `point ${name} at source`, 'open source', `lift ${name} and start it`]);
        inOrder(back, [`stop ${name}`, 'close target', 'clear target', 'open source']);
      }
      inOrder(back, ['open source', 'publish again', 'leader in source', 'restart a1 onto source', 'remove publisher']);
    });
  });

  it('stops a master that stands in target at once, holds, and brings it back to source on retry', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const { planHash } = await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      cluster.divergences.push({ kind: 'native-contender', znode: '/mesos/json.info_7', pid: 'x', master: 'm2' });
      const held = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(held.incidents.at(-1)?.host, 'm2');
      inOrder(cluster.journal.slice(mark), ['stop m2', 'remove ghosts']);
      await assert.rejects(migration.say('approve', { gate: 'cut-over', by: 'ann', planHash }), (error: Error) => {
        assert.match(String((error.cause as Error).message), /i1 holds the migration/);
        return true;
      });
      await migration.decide('retry');
      await migration.until(() => cluster.journal.slice(mark).includes('lift m2 and start it'));
      inOrder(cluster.journal.slice(mark), ['remove ghosts', 'point m2 at source', 'lift m2 and start it']);
      await migration.approve('cut-over');
      await migration.atGate('complete');
    });
  });

  it('holds between two phases while both ensembles name different leaders, and goes back when a person says so', async () => {
    const cluster = dual();
    cluster.stepMs = 150;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.until((s) => s.phase === 'move-agents');
      cluster.divergences.push({ kind: 'divergence', source: 'a', target: null, forMs: 6_000 });
      const held = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(held.incidents[0]?.code, 'FERRY_DIVERGENCE');
      await migration.decide('rollback');
      assert.equal((await migration.result()).state, 'rolled-back');
      assert.ok(!cluster.journal.includes('restart f1 onto its url'), 'no further phase began');
      assert.equal(cluster.mirrored, false);
    });
  });

  it('brings a stopped master back to source on the way back, too', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.divergences.push({ kind: 'native-contender', znode: '/mesos/json.info_7', pid: 'x', master: 'm2' });
      await migration.until((s) => s.state === 'awaiting-decision');
      await migration.decide('rollback');
      assert.equal((await migration.result()).state, 'rolled-back');
      inOrder(cluster.journal, ['stop m2', 'point m2 at source', 'lift m2 and start it', 'remove publisher', 'unlock']);
    });
  });

  it('goes on publishing on the way back, although its publisher failed for good once', async () => {
    const cluster = dual();
    cluster.stepMs = 100;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'runPublisher', times: 1, kind: 'refuse' });
      await migration.until((s) => s.state === 'awaiting-decision');
      const mark = cluster.journal.length;
      await migration.decide('rollback');
      assert.equal((await migration.result()).state, 'rolled-back');
      inOrder(cluster.journal.slice(mark), ['publish', 'restart a1 onto source', 'remove publisher']);
    });
  });

  it('stops a second master at once, although nobody has decided about the first', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      const native = { kind: 'native-contender', pid: 'x' } as const;
      cluster.divergences.push({ kind: 'divergence', source: 'a', target: null, forMs: 6_000 });
      await migration.until((s) => s.incidents.length === 1);
      cluster.divergences.push({ ...native, znode: '/mesos/json.info_7', master: 'm2' });
      await migration.until((s) => s.incidents.length === 2);
      cluster.divergences.push({ ...native, znode: '/mesos/json.info_8', master: 'm3' });
      await migration.until((s) => s.incidents.length === 3);
      await migration.until(() => cluster.journal.slice(mark).includes('stop m3'));
      for (let left = 3; left > 0; left -= 1) {
        await migration.decide('retry');
        await migration.until((s) => s.incidents.filter(({ closedAt }) => closedAt === null).length < left);
      }
      for (const name of ['m2', 'm3']) {
        await migration.until(() => cluster.journal.slice(mark).includes(`lift ${name} and start it`));
      }
      // Answered, so it is told of anew.
      cluster.divergences.push({ kind: 'divergence', source: 'a', target: null, forMs: 6_000 });
      await migration.until((s) => s.incidents.length === 4);
    });
  });

  it('shows a pause that was asked for while something held the migration, once it alone is waited for', async () => {
    const cluster = dual();
    cluster.stepMs = 150;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.until((s) => s.phase === 'move-frameworks');
      cluster.divergences.push({ kind: 'divergence', source: 'a', target: null, forMs: 6_000 });
      await migration.until(
        (s) =>
          s.state === 'awaiting-decision' &&
          s.timeline.some(({ phase, outcome }) => phase === 'move-frameworks' && outcome === 'done'),
      );
      await migration.say('pause', { by: 'ann' });
      await migration.decide('retry');
      const { waitingFor } = await migration.until((s) => s.state === 'paused');
      assert.match(waitingFor?.next ?? '', /zkferry resume/);
      await migration.say('resume', { by: 'ann' });
      await migration.atGate('cut-over');
    });
  });

  it('lets a fleet go on that was told to wait while it was being started', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'repointAgent', host: 'a1', times: 1, kind: 'refuse' });
      await migration.approve('begin');
      const { incidents } = await migration.until((s) => s.state === 'awaiting-decision');
      await migration.say('pause', { by: 'ann' });
      const decision = { incident: incidents[0]?.id, action: 'retry', by: 'ann' };
      await migration.handle.signal('decide', decision);
      await migration.handle.signal('resume', { by: 'ann' });
      await migration.atGate('cut-over');
    });
  });

  it('brings a stopped master back in the end, whatever fails at first', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      cluster.wreck({ activity: 'swapMasterUrl', host: 'm2', times: 1, kind: 'refuse' });
      cluster.divergences.push({ kind: 'native-contender', znode: '/mesos/json.info_7', pid: 'x', master: 'm2' });
      await migration.decide('retry');
      const status = await migration.until((s) => s.incidents.length === 2 && s.state === 'awaiting-decision');
      assert.match(status.incidents[1]?.message ?? '', /swapMasterUrl/);
      await migration.decide('retry');
      await migration.until(() => cluster.journal.slice(mark).includes('lift m2 and start it'));
    });
  });

  for (const activity of ['adoptHost', 'stopHeld'] as const) {
    it(`brings a master back before target's door opens that it could not even stop (${activity})`, async () => {
      const cluster = dual();
      await env.migrate(cluster, async (migration) => {
        await migration.approve('begin');
        await migration.atGate('cut-over');
        cluster.wreck({ activity, host: 'm2', times: 1, kind: 'refuse' });
        cluster.divergences.push({ kind: 'native-contender', znode: '/mesos/json.info_7', pid: 'x', master: 'm2' });
        await migration.until((s) => s.incidents.some(({ message }) => message.includes(activity)));
        const mark = cluster.journal.length;
        await migration.decide('rollback');
        assert.equal((await migration.result()).state, 'rolled-back');
        inOrder(cluster.journal.slice(mark), [
          'stop m2',
          'point m2 at source',
          'lift m2 and start it',
          'remove publisher',
          'remove door of target',
        ]);
      });
    });
  }

  it('looks at everything again when it was held up right before the window', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const looks = cluster.stragglerLooks;
      // Temporal tries it again a second later.
      cluster.wreck({ activity: 'findStragglers', times: 1, kind: 'fail' });
      await migration.approve('cut-over');
      cluster.divergences.push({ kind: 'divergence', source: 'a', target: null, forMs: 6_000 });
      await migration.until((s) => s.state === 'awaiting-decision' && cluster.stragglerLooks > looks);
      cluster.agentsOnSource = ['a1'];
      await migration.decide('retry');
      await migration.until((s) => s.incidents.at(-1)?.code === 'FERRY_STRAGGLERS');
      assert.ok(!cluster.journal.includes('stop m1'));
    });
  });

  it('does not wait for anybody on the way back from a cancelled workflow', async () => {
    const cluster = dual();
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      await migration.say('pause', { by: 'ann' });
      await migration.handle.cancel();
      assert.equal((await migration.result()).state, 'rolled-back');
      inOrder(cluster.journal, ['restart a1 onto source', 'remove publisher', 'unlock']);
    });
  });

  async function toWindow(cluster: FakeCluster, migration: Migration): Promise<number> {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    const mark = cluster.journal.length;
    await migration.approve('cut-over');
    return mark;
  }
});

/** Each effect happened, and every one after the one before. */
function inOrder(journal: readonly string[], effects: readonly string[]): void {
  let at = -1;
  for (const effect of effects) {
    const next = journal.indexOf(effect, at + 1);
    assert.ok(next >= 0, `${effect} did not follow ${effects.join(' → ')} in: ${journal.join(', ')}`);
    at = next;
  }
}
