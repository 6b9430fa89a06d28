import assert from 'node:assert/strict';
import type { Activities } from '../../activities/contract.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { PlanResult, PlanStep } from '../../src/domain/plan.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv } from './migration-env.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The plan's steps almost fill what one payload may hold. */
class HeavyCluster extends FakeCluster {
  /** Bytes of the plan without steps, as `replan` was given it; and the listed hosts given to steps that need none. */
  readonly given = { plan: 0, hosts: 0 };

  override planResult(): PlanResult {
    const result = super.planResult();
    const step: PlanStep = {
      phase: 'move-agents',
      host: null,
      what: 'x'.repeat(2_091_500),
      before: null,
      after: null,
      undo: '',
      affects: '',
      expectedMs: null,
      worstMs: null,
    };
    return { ...result, plan: { ...result.plan, steps: [step] } };
  }

  override get activities(): Activities {
    const all = super.activities;
    const hosts = (config: ClusterConfig): void => void (this.given.hosts += config.agents.hosts.length);
    return {
      ...all,
      replan: (a) => {
        this.given.plan = Math.max(this.given.plan, JSON.stringify(a.plan).length);
        return all.replan(a);
      },
      findStragglers: (a) => {
        hosts(a.config);
        return all.findStragglers(a);
      },
      awaitAgent: (a) => {
        hosts(a.config);
        return all.awaitAgent(a);
      },
    };
  }
}

describe('the history that Temporal keeps of a migration', function () {
  this.timeout(300_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  it('holds a plan whose steps almost fill a payload, all the way through the window', async () => {
    const cluster = new HeavyCluster(aConfig(3));
    const bytes = (value: unknown): number => JSON.stringify(value).length;
    const LIMIT = 2 * 1024 * 1024;
    const result = cluster.planResult();
    assert.ok(bytes(result) < LIMIT && bytes(result) + bytes(cluster.config) > LIMIT);
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.approve('cut-over');
      await migration.atGate('complete');
      // People see the whole plan.
      const told = await migration.handle.query<PlanResult>('plan');
      assert.equal(told.plan.steps.length, 1);
      assert.ok(cluster.given.plan > 0 && cluster.given.plan < 10_000, String(cluster.given.plan));
      assert.equal(cluster.given.hosts, 0, 'a list of hosts goes with no step that does not need it');
    });
  });

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
