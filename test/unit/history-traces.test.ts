import assert from 'node:assert/strict';
import { batchesOf } from '../../src/domain/trace.js';
import { recorded, recordedMigration, recordedReport } from '../fakes/recorded-reports.js';

describe('what a recorded history tells', () => {
  it('names every activity by its summary, its host, and how it ended', async () => {
    const { history } = await recordedMigration('turned-back');
    const { traces } = history;
    const repointed = traces.filter(({ what }) => what === 'restart a1 onto observers');
    assert.deepEqual(
      repointed.map(({ host, outcome, attempts }) => ({ host, outcome, attempts })),
      [{ host: 'a1', outcome: 'done', attempts: 1 }],
    );
    const late = traces.filter(({ what }) => what === 'wait for a recovered leader in target');
    assert.deepEqual(
      late.map(({ outcome }) => outcome),
      ['canceled'],
    );
    assert.ok((late[0]?.durationMs ?? 0) > 9_000, 'the turn-back point came after ten seconds');
    assert.ok(traces.every(({ durationMs }) => durationMs !== null && durationMs >= 0));
  });

  it('finds the batches in which agents were moved', async () => {
    const { history } = await recordedMigration('migrated');
    assert.deepEqual(
      batchesOf(history.traces).map(({ hosts, failed }) => ({ hosts, failed })),
      [
        { hosts: ['a1'], failed: 0 },
        { hosts: ['a2'], failed: 0 },
      ],
    );
  });

  it('puts every step into a phase that was going on', async () => {
    for (const name of recorded) {
      const { steps, phases } = await recordedReport(name);
      assert.ok((steps ?? []).length > 50, name);
      const names = new Set(phases.map((phase) => phase.name));
      const astray = (steps ?? []).filter(({ phase }) => phase === null || !names.has(phase));
      assert.deepEqual(
        astray.map(({ what }) => what),
        [],
        name,
      );
    }
  });

  it('knows where the budget comes from, by the plan in the history', async () => {
    const { window } = await recordedReport('migrated');
    assert.equal(window?.budgetDerivation, 'a test');
  });

  it('knows who ordered what besides approvals and decisions', async () => {
    const { orders } = await recordedReport('rolled-back-at-cut-over');
    assert.deepEqual(
      orders?.map(({ what, by, note }) => ({ what, by, note })),
      [{ what: 'rollback', by: 'ann', note: null }],
    );
    assert.deepEqual((await recordedReport('migrated')).orders, []);
  });

  it('dates the end of the old leader by the first master that the window stopped', async () => {
    for (const name of recorded) {
      const { window } = await recordedReport(name);
      const gone = window?.milestones.find((milestone) => milestone.name === 'leader-gone');
      if (!window?.openedAt) continue;
      assert.ok(gone !== undefined && gone.by === 'workflow', name);
      assert.ok(gone.afterMs >= 0 && gone.afterMs < 1_000, `${name}: ${String(gone.afterMs)}`);
    }
  });
});
