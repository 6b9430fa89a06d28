import assert from 'node:assert/strict';
import type { Migration } from '../../lab/stage/migration.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { DualLab } from '../e2e/dual-lab.js';

/** One warm lab, rolled back from every phase of dual publishing in turn, and moved at last. */
describe('dual publishing, rolled back from every phase', function () {
  this.timeout(300_000);
  let lab: DualLab;

  before(async () => {
    lab = await DualLab.start({ agents: 2 });
  });
  after(() => lab?.stop());

  const inPhase = (phase: string) => (s: MigrationStatus) => s.phase === phase;
  const fromPhases = ['prepare-target', 'publish', 'move-agents', 'move-frameworks'];
  for (const phase of fromPhases) {
    it(`is back on source when it is rolled back from ${phase}`, async () => {
      const migration = await lab.migrate();
      await migration.approve('begin', 'ann');
      await migration.until(inPhase(phase));
      await rollBack(migration);
    });
  }

  it('is back on source when it is rolled back at gate cut-over', async () => {
    await rollBack(await lab.atCutOver());
  });

  it('is back on source when it is rolled back as soon as the window is open', async () => {
    const migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await migration.until((s) => (s.window?.openedAt ?? null) !== null);
    await rollBack(migration);
  });

  it('is back on source when it is rolled back once the masters have been started on target', async () => {
    const migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await migration.until((s) => (s.window?.openedAt ?? null) !== null);
    const { masters } = lab.stage.lab.json;
    const before = new Map(masters.map(({ name, pid }) => [name, pid]));
    await migration.until(() => {
      const { masters: now } = lab.stage.lab.refresh();
      return now.some(({ name, pid }) => pid !== null && pid !== before.get(name));
    });
    await rollBack(migration);
  });

  it('is back on source when it is rolled back from soak', async () => {
    const migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await migration.until(inPhase('soak'));
    await rollBack(migration);
  });

  it('is back on source when it is rolled back at gate complete', async () => {
    const migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await migration.atGate('complete');
    await rollBack(migration);
  });

  it('moves the same cluster afterwards, which shows that nothing was left behind', async () => {
    const migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await lab.completes(migration);
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  async function rollBack(migration: Migration): Promise<void> {
    await migration.say('rollback', { by: 'ann' });
    const status = await lab.endsRolledBack(migration);
    const open = status.incidents.filter(({ closedAt }) => closedAt === null);
    assert.deepEqual(open, []);
  }
});
