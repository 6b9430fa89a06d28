import assert from 'node:assert/strict';
import type { StrategyName } from '../../src/domain/config.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv } from '../workflow/migration-env.js';

/**
 * A worker that dies after any activity at all: no workflow is kept in memory, so that each task of
 * each workflow is replayed from its history, and the reply of every step's first attempt is lost, so
 * that each is carried out twice. Forth over the window and all the way back again.
 */
describe('a migration whose every step is interrupted', function () {
  this.timeout(400_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  for (const strategy of ['observers', 'dual-publishing'] as const) {
    it(`does what one does that is left alone, in the same order (${strategy})`, async () => {
      const [alone, interrupted] = await Promise.all([journey(strategy, false), journey(strategy, true)]);
      assert.deepEqual(once(interrupted), once(alone));
    });
  }

  async function journey(strategy: StrategyName, isInterrupted: boolean): Promise<readonly string[]> {
    const change = strategy === 'observers' ? {} : { strategy, observers: [] };
    const cluster = new FakeCluster(aConfig(2, change));
    cluster.losesReplies = isInterrupted;
    const crashes = isInterrupted ? { maxCachedWorkflows: 0 } : {};
    await env.migrateApart(
      cluster,
      async (migration) => {
        await migration.approve('begin');
        for (const gate of ['cut-over', 'complete'] as const) {
          await migration.until(({ waitingFor }) => waitingFor?.what.includes(`gate ${gate} `) === true, {
            patienceMs: 180_000,
          });
          if (gate === 'cut-over') await migration.approve(gate);
        }
        await migration.say('rollback', { by: 'ann' });
        const result = await migration.result();
        assert.equal(result.state, 'rolled-back');
        assert.deepEqual(result.incidents, []);
        assert.equal(cluster.mirrored, false);
      },
      crashes,
    );
    return cluster.journal;
  }

  /**
   * The order that safety rests on: what stops, the barriers, and what starts. Steps of one stage run at
   * once, on hosts in any order, and a step that was carried out twice counts once.
   */
  function once(journal: readonly string[]): {
    readonly order: readonly string[];
    readonly effects: readonly string[];
  } {
    const stages = journal.map((effect) => effect.replace(/\b([a-z])\d\b/g, '$1*'));
    const milestones = stages.filter((stage) => /^(stop|start|no leader|leader in|open|close|publish)/.test(stage));
    return {
      order: milestones.filter((stage, index) => stage !== milestones[index - 1]),
      effects: [...new Set(journal)].sort(),
    };
  }
});
