import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DualLab, until } from '../e2e/dual-lab.js';

/** The seed's hard issue: a master with a wrong config, or restarted too early, and one that will not stop. */
describe('dual publishing, with a master that does not do as it should', function () {
  this.timeout(400_000);
  let lab: DualLab;

  before(async () => {
    lab = await DualLab.start();
  });
  after(() => lab?.stop());

  const unit = 'mesos-master';

  it('keeps a master that is started on target too early from standing there, and blocks the window', async () => {
    const migration = await lab.atCutOver();
    const leader = await lab.leader();
    const early = standbyOf(leader);
    const changes = await lab.leaderChanges();
    const original = lab.stage.lab.host(early).read('etc/mesos/zk');
    pointAtTarget(early);
    await lab.stage.lab.host(early).supervisor.restart(unit);
    await until(
      async () => /not authenticated/.test(await logOf(early)),
      'the early master is refused behind the closed door',
    );
    const { planHash } = await migration.status();
    await migration.say('approve', { gate: 'cut-over', by: 'ann', planHash });
    const held = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 120_000 });
    assert.match(held.waitingFor?.what ?? '', new RegExp(early));
    assert.deepEqual(await lab.leaderChanges(), changes, 'no agent noticed anything');
    assert.equal(await lab.leader(), leader);
    // The operator mends it, and the migration goes on from there.
    lab.stage.lab.host(early).write('etc/mesos/zk', original);
    await lab.stage.lab.host(early).supervisor.restart(unit);
    const incident = held.incidents.findLast(({ closedAt }) => closedAt === null);
    await lab.mastersWhole();
    await migration.say('decide', { incident: incident?.id, action: 'retry', by: 'ann' });
    // The plan is still the one that was approved, so the window follows.
    await migration.atGate('complete', { patienceMs: 120_000 });
    await migration.say('rollback', { by: 'ann' });
    await lab.endsRolledBack(migration);
  });

  it('stops a master that stands in target all the same within seconds, and brings it back on retry', async () => {
    const migration = await lab.atCutOver();
    const leader = await lab.leader();
    const early = standbyOf(leader);
    const changes = await lab.leaderChanges();
    await lab.openDoorByHand('target');
    pointAtTarget(early);
    await lab.stage.lab.host(early).supervisor.restart(unit);
    const held = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
    const incident = held.incidents.findLast(({ closedAt }) => closedAt === null);
    assert.equal(incident?.code, 'FERRY_NATIVE_CONTENDER');
    assert.equal(incident.host, early);
    await until(async () => lab.stage.lab.host(early).mainPid(unit) === null, 'it is stopped');
    assert.deepEqual(await lab.leaderChanges(), changes, 'it never came before the mirrors');
    await migration.say('decide', { incident: incident.id, action: 'retry', by: 'ann' });
    await until(async () => lab.stage.lab.host(early).mainPid(unit) !== null, `${early} runs again`);
    await lab.mastersWhole();
    await lab.standsOn('source', ['masters']);
    await migration.say('rollback', { by: 'ann' });
    await lab.endsRolledBack(migration);
  });

  it('does not let a master start by itself while the window is open', async () => {
    const migration = await lab.atCutOver();
    await migration.approve('cut-over', 'ann');
    await migration.until((s) => (s.window?.openedAt ?? null) !== null);
    // What a configuration management or a person would do, again and again until the window is over.
    const { masters } = lab.stage.lab.json;
    let tries = 0;
    while ((await migration.status()).window?.coordinationMs === null) {
      await Promise.all(masters.map(({ name }) => lab.stage.lab.host(name).supervisor.start(unit)));
      tries += 1;
      await delay(50);
    }
    assert.ok(tries > 0);
    await migration.atGate('complete', { patienceMs: 120_000 });
    await migration.say('rollback', { by: 'ann' });
    await lab.endsRolledBack(migration);
  });

  it('turns back when a master refuses to stop, and starts none on target', async () => {
    const migration = await lab.atCutOver();
    const stubborn = lab.stage.lab.host(await lab.leader());
    const systemctl = stubborn.read('usr/bin/systemctl');
    stubborn.write('usr/bin/systemctl.real', systemctl, 0o755);
    stubborn.write(
      'usr/bin/systemctl',
      '#!/bin/sh\ncase $1 in stop | kill) exit 1 ;; esac\nexec "$0.real" "$@"\n',
      0o755,
    );
    const pid = stubborn.mainPid(unit);
    await migration.approve('cut-over', 'ann');
    const held = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 180_000 });
    stubborn.write('usr/bin/systemctl', systemctl, 0o755);
    assert.match(held.incidents.at(-1)?.message ?? '', /turned back/);
    assert.equal(stubborn.mainPid(unit), pid, 'it went on leading on source');
    await migration.say('rollback', { by: 'ann' });
    await lab.endsRolledBack(migration);
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  function standbyOf(leader: string): string {
    return lab.stage.lab.json.masters.find(({ name }) => name !== leader)?.name ?? '';
  }

  function pointAtTarget(master: string): void {
    const { target, electionPath } = lab.stage.lab.json;
    const servers = target.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');
    lab.stage.lab.host(master).write('etc/mesos/zk', `zk://${servers}${electionPath}\n`);
  }

  function logOf(master: string): Promise<string> {
    return readFile(join(lab.stage.lab.host(master).root, 'var/log/mesos-master.log'), 'utf8');
  }
});
