import assert from 'node:assert/strict';
import { Metrics } from '../../src/adapters/metrics.js';
import { runningMigrations } from '../../src/adapters/running-migrations.js';
import { sinksTo } from '../../src/monitoring.js';
import { SILENT } from '../../src/ports/telemetry.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv } from './migration-env.js';

describe('what monitoring hears of a migration', function () {
  this.timeout(90_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  /** The samples of one migration, without its name. */
  async function shown(metrics: Metrics, cluster: string): Promise<string[]> {
    return (await metrics.text())
      .split('\n')
      .filter((line) => line.includes(`cluster="${cluster}"`))
      .map((line) => line.replace(`cluster="${cluster}"`, ''));
  }

  it('comes from the worker that runs it, and from the one that takes it over exactly the same', async () => {
    let metrics = new Metrics();
    const sinks = sinksTo({ ...SILENT, status: (status, atMs) => metrics.status(status, atMs) });
    const cluster = new FakeCluster(aConfig(2));
    await env.migrateApart(
      cluster,
      async (migration, decider) => {
        await migration.approve('begin');
        await migration.atGate('cut-over');
        const name = migration.handle.workflowId.replace(/^zkferry-/, '');
        const before = await shown(metrics, name);
        assert.ok(
          before.includes('zkferry_migration_state{,strategy="observers",state="awaiting-approval"} 1'),
          before.join('\n'),
        );
        assert.ok(before.includes('zkferry_migration_phase{,phase="gate cut-over"} 1'));
        assert.ok(before.some((line) => /window_budget_seconds\{\} [1-9]/.test(line)));
        await decider.stop();
        metrics = new Metrics();
        await decider.start();
        // Nothing happens in it; to be asked is enough.
        await migration.status();
        assert.deepEqual(await shown(metrics, name), before);
      },
      { sinks },
    );
  });

  it('can be asked for, and ends with a migration that was terminated', async () => {
    const metrics = new Metrics();
    await env.migrate(new FakeCluster(aConfig(2)), async (migration) => {
      await migration.atGate('begin');
      const name = migration.handle.workflowId.replace(/^zkferry-/, '');
      // The list of the server may lag behind.
      const isShown = async (wanted: boolean): Promise<void> => {
        do metrics.running(await runningMigrations(env.client));
        while ((await shown(metrics, name)).length > 0 !== wanted);
      };
      await isShown(true);
      assert.ok((await shown(metrics, name)).includes('zkferry_migration_phase{,phase="gate begin"} 1'));
      await migration.handle.terminate('by a test');
      await isShown(false);
    });
  });
});
