import assert from 'node:assert/strict';
import type { Migration } from '../../lab/stage/migration.js';
import { residue, type Snapshot } from '../../lab/judge/residue.js';
import { takeSnapshot } from '../../lab/snapshot.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { until } from '../e2e/lab-facts.js';
import { ObserversLab } from '../e2e/observers-lab.js';

/** The live one of the lab's masters: 15 s × 5. */
const BUDGET_MS = 75_000;
const zookeeper = 'zookeeper';

/** What the best of its kind got wrong once, each on a live cluster: one warm lab, every migration rolled back. */
describe('the worst bugs of other tools', function () {
  this.timeout(400_000);
  let lab: ObserversLab;
  let found: Snapshot;
  let migration: Migration;

  before(async () => {
    lab = await ObserversLab.start();
    found = await takeSnapshot(lab.lab);
  });
  after(() => lab?.stop());

  for (const phase of ['prepare-target', 'add-observers', 'move-agents']) {
    it(`rollback residue: none after a rollback from ${phase}`, async () => {
      migration = await lab.migrate();
      await migration.approve('begin', 'ann');
      await migration.until((s) => s.phase === phase);
      await migration.say('rollback', { by: 'ann' });
      await leavesNothing();
    });
  }

  it('lost reply then retry: the second try finds the agent moved, and restarts it no second time', async () => {
    migration = await lab.migrate();
    await migration.approve('begin', 'ann');
    await migration.until((s) => s.phase === 'add-observers' && s.state === 'running');
    const since = (await lab.supervised({ hosts: ['agent1'] })).at(-1)?.mono ?? 0;
    const pid = lab.lab.host('agent1').mainPid('mesos-slave');
    // The link goes while the script restarts the agent; the script itself goes on.
    await until(() => lab.lab.host('agent1').mainPid('mesos-slave') !== pid, 'agent1 is restarted', {
      patienceMs: 120_000,
      everyMs: 2,
    });
    lab.lab.host('agent1').dropSshConnections();
    // Before its batch: nobody may pass over it in silence.
    await lab.lab.host('agent2').sshDown();
    await migration.until((s) => s.state === 'awaiting-decision');
    const events = (await lab.supervised({ hosts: ['agent1'] })).filter(({ mono }) => mono > since);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['exit', 'start'],
    );
  });

  it('a skipped host: is named by an incident, postponed by a decision, and named again at the gate', async () => {
    const first = openIncident(await migration.status());
    // A discovered agent goes by the hostname that it registered with.
    const name = lab.lab.json.agents.find((agent) => agent.name === 'agent2')?.host ?? '';
    assert.equal(first.host, name, JSON.stringify(first));
    assert.match(first.message, /cannot be reached by ssh/);
    await migration.say('decide', { incident: first.id, action: 'skip', by: 'ann' });
    await migration.until((s) => s.phase === 'move-frameworks');
    await lab.lab.host('agent2').sshUp();
    const again = openIncident(await migration.until((s) => s.state === 'awaiting-decision'));
    assert.equal(again.code, 'FERRY_STRAGGLERS', JSON.stringify(again));
    assert.ok(again.message.includes(`agents still on source: ${name}`), again.message);
    await migration.say('decide', { incident: again.id, action: 'retry', by: 'ann' });
    await migration.atGate('cut-over');
    await lab.standsOn('observers');
  });

  it('failure between two targets of one switch: one observer flips, the next does not, and all are back', async () => {
    const refusing = ['observer2', 'observer3'].map((name) => lab.lab.host(name));
    for (const host of refusing) await host.refuseToStart(zookeeper, true);
    const { stoppedAt } = await lab.openWindow(migration);
    await until(() => lab.standing('observer1') === 'target', 'observer1 stands on target', { everyMs: 10 });
    // No half of them, so it turns back, although a standby may lead there already.
    await until(() => lab.standing('observer1') === 'source', 'observer1 stands on source again', {
      patienceMs: BUDGET_MS,
    });
    for (const host of refusing) await host.refuseToStart(zookeeper, false);
    const failed = openIncident(await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 240_000 }));
    const outage = await lab.outageSince(stoppedAt);
    assert.ok(outage.leaderlessMs < BUDGET_MS, `without a leader for ${String(outage.leaderlessMs)} ms`);
    assert.ok(outage.lastAgentMs < BUDGET_MS, `the last agent was back after ${String(outage.lastAgentMs)} ms`);
    assert.match(failed.message, /the window turned back/);
    for (const name of ['observer1', 'observer2', 'observer3']) assert.equal(lab.standing(name), 'source');
  });

  it('rollback residue: none after a window that turned back', async () => {
    await migration.say('rollback', { by: 'ann' });
    await leavesNothing();
  });

  it('cancel just after the point of no return: one whole window back, and nothing left behind', async () => {
    migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await afterNoReturn();
    await migration.handle.cancel();
    await leavesNothing();
  });

  it('pause and rollback just after the point of no return: whole on target while paused, whole on source after', async () => {
    migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await afterNoReturn();
    await migration.say('pause', { by: 'ann' });
    await migration.until((s) => s.state === 'paused');
    await lab.mastersWhole();
    await lab.standsOn('observers');
    for (const name of ['observer1', 'observer2', 'observer3']) assert.equal(lab.standing(name), 'target');
    await migration.say('rollback', { by: 'ann' });
    await leavesNothing();
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  function openIncident({ incidents }: MigrationStatus): MigrationStatus['incidents'][number] {
    const open = incidents.find(({ closedAt }) => closedAt === null);
    assert.ok(open, 'an incident is open');
    return open;
  }

  async function afterNoReturn(): Promise<void> {
    await until(async () => ((await migration.status()).window?.coordinationMs ?? null) !== null, 'a leader stands', {
      everyMs: 10,
    });
  }

  async function leavesNothing(): Promise<void> {
    await lab.endsRolledBack(migration);
    await lab.mastersWhole();
    assert.deepEqual(residue(found, await takeSnapshot(lab.lab)), []);
  }
});
