import assert from 'node:assert/strict';
import type { HookConfig, HookEvent, PolicyConfig } from '../../src/domain/config.js';
import type { HookNotice } from '../../src/domain/hooks.js';
import { FakeCluster, hang } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

const FINE = { ok: true, reason: null, output: '', tookMs: 1 };
const ALL: readonly HookEvent[] = ['waiting', 'incident', 'before-window', 'window-opening', 'window-opened', 'done'];

describe('hooks of a migration', function () {
  this.timeout(90_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const hook = (on: readonly HookEvent[], timeoutMs = 5_000): HookConfig => ({
    on,
    run: { kind: 'command', argv: ['/bin/true'] },
    timeoutMs,
  });
  function clusterWith(hooks: readonly HookConfig[], policy: Partial<PolicyConfig> = {}): FakeCluster {
    const config = aConfig(2);
    return new FakeCluster({ ...config, policy: { ...config.policy, forecastShare: 1, ...policy, hooks } });
  }
  const events = ({ notices }: FakeCluster): HookEvent[] => notices.map(({ event }) => event);

  async function scheduledHooks(migration: Migration): Promise<number> {
    const { events: all = [] } = await migration.handle.fetchHistory();
    return (all ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'runHook')
      .length;
  }

  it('hear of every wait, of the window and of the end, each with an id of its own', async () => {
    const cluster = clusterWith([hook(ALL)]);
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.approve('complete');
      const result = await migration.result();
      assert.equal(result.state, 'migrated');
      assert.equal(result.hookFailures, undefined);
      assert.deepEqual(events(cluster).sort(), [
        'before-window',
        'done',
        'waiting',
        'waiting',
        'waiting',
        'window-opened',
        'window-opening',
      ]);
      assert.equal(new Set(cluster.notices.map(({ id }) => id)).size, cluster.notices.length);
      const of = (event: HookEvent) => cluster.notices.find((one) => one.event === event) as HookNotice;
      assert.match(of('waiting').waitingFor?.next ?? '', /zkferry approve/);
      assert.equal(of('window-opened').towards, 'target');
      assert.ok(of('window-opened').window?.openedAt);
      assert.equal(of('done').state, 'migrated');
    });
  });

  it('hear of an incident, with its code and remedy', async () => {
    const cluster = clusterWith([hook(['incident'])]);
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'installObserver', times: 1, kind: 'refuse' });
      await migration.approve('begin');
      await migration.until(() => cluster.notices.length > 0);
      const [told] = cluster.notices;
      assert.deepEqual(
        [told?.event, told?.incident?.code, told?.incident?.remedy],
        ['incident', 'FERRY_TEST', 'mend it'],
      );
      await migration.decide('rollback');
      await migration.result();
    });
  });

  it('may keep the window shut until they are asked again, and nothing has been stopped', async () => {
    const cluster = clusterWith([hook(['before-window'])]);
    let no: string | null = 'trading is open';
    cluster.answer = () => Promise.resolve(no === null ? FINE : { ...FINE, ok: false, reason: no });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      const held = await migration.until((s) => s.state === 'awaiting-decision');
      const incident = held.incidents.at(-1);
      assert.equal(incident?.code, 'FERRY_HOOK_VETO');
      assert.match(incident?.message ?? '', /trading is open/);
      assert.ok(!cluster.journal.some((effect) => /^(hold|stop) m/.test(effect)), cluster.journal.join(', '));
      no = null;
      await migration.decide('retry');
      // No other approval is asked for, since the plan is as it was.
      await migration.atGate('complete');
      assert.equal(cluster.notices.length, 2);
      await migration.approve('complete');
      assert.equal((await migration.result()).state, 'migrated');
    });
  });

  it('are asked again when a person was asked since: their yes has grown old', async () => {
    const cluster = clusterWith([hook(['before-window'])]);
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.agentsOnSource = ['a1'];
      await migration.approve('cut-over');
      await migration.until((s) => s.incidents.at(-1)?.code === 'FERRY_STRAGGLERS');
      assert.equal(cluster.notices.length, 1);
      cluster.agentsOnSource = [];
      await migration.decide('retry');
      await migration.atGate('complete');
      assert.equal(cluster.notices.length, 2);
    });
  });

  it('that hang before the window do not delay a rollback', async () => {
    const cluster = clusterWith([hook(['before-window'], 300_000)]);
    cluster.answer = hang;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.until(() => cluster.notices.length > 0);
      const ordered = Date.now();
      await migration.say('rollback', { by: 'ann' });
      assert.equal((await migration.result()).state, 'rolled-back');
      assert.ok(Date.now() - ordered < 20_000, `${Date.now() - ordered} ms`);
    });
  });

  it('that hang while they are told delay neither window nor rollback, and are left behind at the end', async () => {
    const cluster = clusterWith([hook(['waiting', 'window-opening', 'window-opened', 'incident'], 300_000)]);
    cluster.answer = hang;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      const after = await migration.atGate('complete');
      assert.ok((after.window?.coordinationMs ?? Number.NaN) < 5_000, JSON.stringify(after.window));
      await migration.say('rollback', { by: 'ann' });
      await migration.until((s) => s.state === 'rolled-back');
      assert.equal((await migration.result()).state, 'rolled-back');
      assert.ok(events(cluster).includes('window-opened'));
    });
  });

  it('that fail are shown, and nothing else comes of it', async () => {
    const cluster = clusterWith([hook(['waiting'])]);
    cluster.answer = () => Promise.resolve({ ...FINE, ok: false, reason: 'chat is down' });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const status = await migration.until((s) => (s.hookFailures ?? []).length > 0);
      assert.deepEqual(
        status.hookFailures?.map(({ event, reason }) => [event, reason]),
        [['waiting', 'chat is down']],
      );
      assert.deepEqual(status.incidents, []);
      await migration.atGate('cut-over');
    });
  });

  it('are scheduled for their own events only, and not at all without a hook', async () => {
    for (const [hooks, wanted] of [
      [[], 0],
      [[hook(['done'])], 1],
    ] as const) {
      const cluster = clusterWith(hooks);
      await env.migrate(cluster, async (migration) => {
        await migration.approve('begin');
        await migration.atGate('cut-over');
        await migration.say('rollback', { by: 'ann' });
        await migration.result();
        assert.equal(await scheduledHooks(migration), wanted);
      });
    }
  });
});
