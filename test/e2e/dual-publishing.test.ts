import assert from 'node:assert/strict';
import { DualLab } from './dual-lab.js';

/** One live lab that arrives; test/e2e/campaign.test.ts has one that is rolled back in the window. */
describe('a live lab cluster, by dual publishing', function () {
  this.timeout(300_000);
  let lab: DualLab;

  before(async () => {
    lab = await DualLab.start();
  });
  after(() => lab?.stop());

  it('follows a failover in source while its agents are on target, then arrives there', async () => {
    const migration = await lab.atCutOver();
    await lab.standsOn('target', ['agents', 'frameworks']);
    await lab.standsOn('source', ['masters']);
    const old = await lab.leader();
    process.kill(lab.stage.lab.host(old).mainPid('mesos-master') ?? 0, 'SIGKILL');
    const next = await lab.leader(old);
    await lab.agentsFollow(next);
    await migration.approve('cut-over', 'ann', { patienceMs: 120_000 });
    await lab.completes(migration);
  });

  it('never had two leading masters, in neither ensemble, and lost nothing, as the watchers saw it', async () => {
    const seen = await lab.judged();
    assert.ok(seen.samples > 1_000, `${seen.samples} samples`);
    assert.ok((seen.mirrorDelay?.changes ?? 0) > 0, 'no change of a contender was seen in both ensembles');
  });
});
