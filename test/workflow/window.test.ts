import assert from 'node:assert/strict';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

describe('the critical window', function () {
  this.timeout(120_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const short = { ...aConfig().policy, budgetMs: 24_000, reserveMs: 14_000, forecastShare: 1 };

  async function toWindow(cluster: FakeCluster, migration: Migration): Promise<number> {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    const mark = cluster.journal.length;
    await migration.approve('cut-over');
    return mark;
  }

  it('starts nothing on target when an observer does not stop, and needs no barrier to go back', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'stopHeld', host: 'o2', kind: 'hang' });
      cluster.wreck({ activity: 'liftHold', host: 'o2', kind: 'refuse' });
      // The start of a master is sent before a leader is awaited, not awaited itself.
      cluster.electedOnlyAfter = 'lift m1 and start it';
      const mark = await toWindow(cluster, migration);
      // The hung host costs the others nothing: masters lead again although it is still waited for.
      await migration.until(() => cluster.journal.slice(mark).includes('leader in source'));
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      const effects = cluster.journal.slice(mark);
      assert.ok(!effects.some((effect) => effect.endsWith('on target')), effects.join(', '));
      assert.ok(!effects.includes('barrier'));
      assert.ok(effects.includes('lift o1 and start it') && effects.includes('lift o3 and start it'));
      assert.ok(effects.indexOf('lift m1 and start it') < effects.indexOf('leader in source'));
      assert.match(status.incidents.at(-1)?.message ?? '', /turned back.*still held down, because unreachable: o2/);
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over');
      assert.ok(cluster.journal.includes('start o2 on source'));
    });
  });

  it('elects a leader on target although the host of a standby has died, and asks a person about that master', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'liftHold', host: 'm3', kind: 'fail' });
      await toWindow(cluster, migration);
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      assert.equal(status.incidents.at(-1)?.host, 'm3');
      assert.equal(cluster.observersOn, 'target');
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('complete');
      assert.ok(cluster.journal.includes('lift m3 and start it'));
      assert.equal(cluster.journal.filter((effect) => effect === 'start o1 on target').length, 1);
    });
  });

  it('goes on to target without an observer whose host has died since it was stopped, and asks a person about it', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'flipObserver', host: 'o3', kind: 'fail' });
      const mark = await toWindow(cluster, migration);
      const led = await migration.until((s) => (s.window?.pointOfNoReturnAt ?? null) !== null, { patienceMs: 60_000 });
      assert.equal(led.state, 'running');
      const { incidents } = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      assert.equal(incidents.at(-1)?.host, 'o3');
      assert.match(incidents.at(-1)?.message ?? '', /flipObserver failed on o3/);
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('complete');
      const effects = cluster.journal.slice(mark);
      assert.ok(effects.lastIndexOf('start o3 on target') > effects.indexOf('leader in target'), effects.join(', '));
      assert.ok(!effects.some((effect) => effect.endsWith('on source')), effects.join(', '));
    });
  });

  for (const activity of ['flipObserver', 'awaitObserver'] as const) {
    it(`asks about an observer without which it went on to target, as long as its ${activity} fails`, async () => {
      const cluster = new FakeCluster(aConfig(3, { policy: short }));
      await env.migrate(cluster, async (migration) => {
        await migration.atGate('begin');
        await migration.approve('begin');
        await migration.atGate('cut-over');
        cluster.wreck({ activity, host: 'o3', kind: 'refuse' });
        cluster.lateAgents = ['a2-id'];
        await migration.approve('cut-over');
        const late = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
        assert.equal(late.incidents.at(-1)?.code, 'FERRY_AGENTS_LATE');
        assert.match(late.incidents.at(-1)?.message ?? '', /not started on target either: o3$/);
        cluster.lateAgents = [];
        await migration.decide('retry');
        await migration.until((s) => s.state === 'awaiting-decision' && s.incidents.length === 2);
        await migration.decide('retry');
        const missing = await migration.until((s) => s.state === 'awaiting-decision' && s.incidents.length === 3);
        const { host, message, remedy } = missing.incidents.at(-1) ?? {};
        assert.equal(host, 'o3');
        assert.match(message ?? '', new RegExp(`^target leads, and missing there: o3: .*${activity} failed on o3`));
        assert.match(remedy ?? '', /a rollback too/);
        cluster.mend();
        await migration.decide('retry');
        await migration.atGate('complete');
      });
    });
  }

  it('goes back although an observer does not serve', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'awaitObserver', host: 'o3', kind: 'refuse' });
      await migration.approve('cut-over');
      await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      await migration.decide('rollback');
      const { state } = await migration.result();
      assert.equal(state, 'rolled-back');
      assert.ok(cluster.journal.includes('start o3 on source'));
    });
  });

  it('does not run the window again when only the count of the agents failed after it', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      cluster.wreck({ activity: 'awaitAgentsBack', times: 6, kind: 'fail' });
      await migration.approve('cut-over');
      await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      await migration.decide('retry');
      await migration.atGate('complete');
      const window = cluster.journal.slice(mark);
      assert.equal(window.filter((effect) => effect === 'barrier').length, 1);
      assert.ok(!window.some((effect) => effect.endsWith('on source')), window.join(', '));
    });
  });

  it('stops all masters and observers and proves the barrier before it goes back from a half-done flip', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      for (const host of ['o2', 'o3']) cluster.wreck({ activity: 'flipObserver', host, times: 40, kind: 'fail' });
      const mark = await toWindow(cluster, migration);
      cluster.wreck({ activity: 'awaitLeader', times: 0, kind: 'fail' });
      await migration.until(
        (s) => s.state === 'awaiting-decision' || cluster.journal.slice(mark).includes('start o1 on source'),
      );
      cluster.mend();
      await migration.until((s) => s.state === 'awaiting-decision');
      const effects = cluster.journal.slice(mark);
      const back = effects.slice(effects.lastIndexOf('start o1 on target') + 1);
      for (const name of ['m1', 'm2', 'm3', 'o1', 'o2', 'o3']) {
        assert.ok(back.indexOf(`stop ${name}`) >= 0, `${name} is stopped: ${back.join(', ')}`);
        assert.ok(back.indexOf(`stop ${name}`) < back.indexOf('barrier'), 'the barrier waits for all');
      }
      for (const name of ['o1', 'o2', 'o3']) {
        assert.ok(
          back.indexOf('barrier') < back.indexOf(`start ${name} on source`),
          'nothing starts before the barrier',
        );
      }
      // The first observer that serves source is enough: which one that is, is chance.
      const firstServing = back.findIndex((effect) => /^start o\d on source$/.test(effect));
      assert.ok(firstServing >= 0 && back.indexOf('lift m1 and start it') > firstServing, back.join(', '));
      assert.equal(cluster.observersOn, 'source');
    });
  });

  it('turns back when no leader is proved by the turn-back point, and opens again after a fresh approval', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
      await toWindow(cluster, migration);
      const status = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(status.incidents.at(-1)?.code, 'FERRY_TURN_BACK');
      assert.match(status.incidents.at(-1)?.message ?? '', /under way then: .*wait for a recovered leader in target/);
      assert.ok((status.window?.leaderlessMs ?? 0) > 0, 'how long the outage was is measured then, too');
      assert.equal(status.window?.coordinationMs, null);
      assert.equal(cluster.observersOn, 'source');
      await migration.decide('retry');
      const again = await migration.atGate('cut-over');
      assert.equal(again.approvals.length, 2);
      await migration.approve('cut-over');
      await migration.atGate('complete');
      assert.equal(cluster.observersOn, 'target');
    });
  });

  it('finishes a way back that had failed before it stands at the gate again', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitLeader', kind: 'refuse' });
      await toWindow(cluster, migration);
      await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 90_000 });
      const mark = cluster.journal.length;
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over');
      const back = cluster.journal.slice(mark);
      for (const name of ['o1', 'o2', 'o3']) {
        assert.ok(back.indexOf(`stop ${name}`) >= 0 && back.indexOf(`stop ${name}`) < back.indexOf('barrier'));
        assert.ok(back.indexOf('barrier') < back.indexOf(`start ${name} on source`), back.join(', '));
      }
      assert.ok(back.includes('leader in source'));
    });
  });

  it('asks at once when too few masters can be started on the way back, and goes on when that is mended', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      // Somebody has edited the master URL of two of them in the window: their starts are refused, and m3 waits for a quorum.
      for (const host of ['m1', 'm2']) cluster.wreck({ activity: 'liftHold', host, kind: 'refuse' });
      cluster.electedOnlyAfter = 'lift m1 and start it';
      const mark = await toWindow(cluster, migration);
      // Standbys run on the way forward and may lead, so that only the turn-back point ends it.
      await migration.until(() => cluster.journal.slice(mark).includes('lift m3 and start it'), { patienceMs: 60_000 });
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      const incident = status.incidents.at(-1);
      assert.equal(incident?.code, 'FERRY_TOO_FEW_MASTERS');
      assert.match(incident?.message ?? '', /nobody lead: .*failed on m1; .*failed on m2; the window had turned back/);
      assert.match(incident?.host ?? '', /^m[12]$/);
      assert.ok(!cluster.journal.slice(mark).some((effect) => effect.startsWith('leader in')));
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over');
      assert.ok(cluster.journal.slice(mark).includes('leader in source'));
      assert.equal(cluster.observersOn, 'source');
    });
  });

  it('says that nobody leads and which host it needs, when that of an observer is lost in the middle of the flip', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      for (const host of ['o2', 'o3']) cluster.wreck({ activity: 'flipObserver', host, kind: 'fail' });
      const mark = await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.slice(mark).includes('start o1 on target'));
      cluster.wreck({ activity: 'stopHeld', host: 'o3', kind: 'refuse' });
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      const { host, message } = status.incidents.at(-1) ?? {};
      assert.equal(host, 'o3');
      assert.match(message ?? '', /nobody lead: .*o3; the window had turned back because .*start o3 as an observer/);
      const back = cluster.journal.slice(mark);
      assert.ok(!back.some((effect) => effect.endsWith('on source')), 'o3 may serve target');
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over');
      assert.equal(cluster.observersOn, 'source');
    });
  });

  it('brings an observer that the way back could not reach to source, and never starts it where it stands', async () => {
    const cluster = new FakeCluster(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
      await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.includes('start o3 on target'));
      cluster.wreck({ activity: 'flipObserver', host: 'o3', kind: 'refuse' });
      const status = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 90_000 });
      assert.match(status.incidents.at(-1)?.message ?? '', /still held down, because unreachable: o3/);
      cluster.mend();
      await migration.decide('retry');
      await migration.atGate('cut-over');
      assert.ok(!cluster.journal.includes('lift o3 and start it'));
      assert.ok(cluster.journal.lastIndexOf('start o3 on source') > cluster.journal.indexOf('start o3 on target'));
    });
  });
});
