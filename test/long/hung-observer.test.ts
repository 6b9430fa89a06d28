import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import type { Migration } from '../../lab/stage/migration.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import { loadConfig } from '../../src/config/load-config.js';
import { FencedError } from '../../src/domain/host-errors.js';
import type { Incident, MigrationStatus } from '../../src/domain/status.js';
import { until } from '../e2e/lab-facts.js';
import { ObserversLab } from '../e2e/observers-lab.js';

/** Five pings of 15 s, as the lab's masters have it. */
const BUDGET_MS = 75_000;
const observers = ['observer1', 'observer2', 'observer3'];
const zookeeper = 'zookeeper';

/** One lab, four windows: an observer's host that hangs, an observer that cannot be killed, a host that dies, hosts that reboot. */
describe('an observer of which nobody knows whether it has stopped', function () {
  this.timeout(400_000);
  let lab: ObserversLab;
  let migration: Migration;

  before(async () => {
    lab = await ObserversLab.start();
    migration = await lab.atCutOver();
  });
  after(() => lab?.stop());

  const asked = (s: MigrationStatus) => s.state === 'awaiting-decision';
  const pidOf = (observer: string) => lab.lab.host(observer).mainPid(zookeeper);

  it('keeps target without any server while its host hangs, and source is restored inside the budget', async () => {
    const { stoppedAt } = await lab.openWindow(migration);
    const pid = pidOf('observer1');
    lab.lab.host('observer1').hang(true);
    const served = sampleStanding();
    // Behind the hung one a standby may be elected long before the turn-back point, and that is right.
    const outage = await lab.outageSince(stoppedAt);
    for (const observer of ['observer2', 'observer3']) {
      await until(() => pidOf(observer) !== null, `${observer} starts again`, { patienceMs: BUDGET_MS });
    }
    const seen = await served.end();
    assert.deepEqual([...seen], ['source'], 'no observer ever stood on target');
    assert.notEqual(pid, null, 'observer1 had not been stopped before its host hung');
    assert.equal(pidOf('observer1'), pid, 'a hung one stays as it is');
    insideTheBudget(outage);
    await nothingFlipped();
    // Those that were stopped have started once, where they were.
    for (const observer of ['observer2', 'observer3']) {
      const events = (await lab.supervised({ hosts: [observer], since: stoppedAt })).map(({ event }) => event);
      assert.deepEqual(events, ['exit', 'start'], observer);
    }
  });

  it('changes nothing when the hung host wakes up, and refuses what still comes from the window', async () => {
    const since = (await lab.supervised({ hosts: observers })).at(-1)?.mono ?? 0;
    lab.lab.host('observer1').hang(false);
    const status = await migration.until(asked, { patienceMs: 240_000 });
    assert.match(status.waitingFor?.what ?? '', /the window turned back/);
    await assert.rejects(stopAsTheWindowDid('observer1'), FencedError);
    await lab.mastersWhole();
    const later = (await lab.supervised({ hosts: observers })).filter(({ mono }) => mono > since);
    assert.deepEqual(later, [], 'no observer has started or stopped since');
    await nothingFlipped();
    await lab.standsOn('observers');
  });

  it('goes back likewise when an observer takes no signal, and one that dies later is back on source', async () => {
    await again();
    lab.lab.host('observer2').refuseToStop(zookeeper, true);
    const { stoppedAt } = await lab.openWindow(migration);
    const served = sampleStanding();
    insideTheBudget(await lab.outageSince(stoppedAt));
    await migration.until(asked, { patienceMs: 240_000 });
    assert.deepEqual([...(await served.end())], ['source'], 'no observer ever stood on target');
    const pid = pidOf('observer2');
    lab.lab.host('observer2').refuseToStop(zookeeper, false);
    await until(() => pidOf('observer2') !== null && pidOf('observer2') !== pid, 'observer2 dies and starts again');
    await nothingFlipped();
    await lab.mastersWhole();
  });

  it('goes on to target without one whose host dies in its start, and brings it there once the host is back', async () => {
    await again();
    const dying = lab.lab.host('observer3');
    await dying.refuseToStart(zookeeper, true);
    const { stoppedAt } = await lab.openWindow(migration);
    for (const name of ['observer1', 'observer2']) {
      await until(() => lab.standing(name) === 'target', `${name} stands on target`, { everyMs: 10 });
    }
    await dying.powerOff();
    const outage = await lab.outageSince(stoppedAt);
    insideTheBudget(outage);
    const { state, window } = await migration.until((s) => (s.window?.pointOfNoReturnAt ?? null) !== null);
    assert.ok((window?.leaderlessMs ?? 0) > 0 && state === 'running', JSON.stringify(window));
    const dead = await missing();
    await dying.powerOn();
    await migration.say('decide', { incident: dead.id, action: 'retry', by: 'ann' });
    // It is started, and dies again: that is not enough.
    await migration.until((s) => s.state === 'running');
    const refusing = await missing();
    assert.match(refusing.message, /the observer serves target/);
    await dying.refuseToStart(zookeeper, false);
    await migration.say('decide', { incident: refusing.id, action: 'retry', by: 'ann' });
    await migration.atGate('complete', { patienceMs: 120_000 });
    for (const name of observers) {
      assert.equal(lab.standing(name), 'target', name);
      assert.notEqual(pidOf(name), null, name);
    }
    // One that came late goes back like the others.
    await migration.say('rollback', { by: 'ann' });
    await lab.endsRolledBack(migration);
  });

  it('lets hosts reboot inside the window: what was stopped stays down, and the migration goes on', async () => {
    migration = await lab.atCutOver();
    const { leader, stoppedAt } = await lab.openWindow(migration);
    const masterBack = lab.lab.host(leader).reboot();
    await until(() => pidOf('observer3') === null, 'observer3 is stopped', { everyMs: 2 });
    await Promise.all([masterBack, lab.lab.host('observer3').reboot()]);
    assert.equal(pidOf('observer3'), null, 'the boot did not start it');
    const status = await migration.atGate('complete', { patienceMs: 120_000 });
    assert.notEqual(status.window?.coordinationMs, null);
    const events = await lab.supervised({ hosts: [leader, ...observers], since: stoppedAt - 100 });
    const lastExit = Math.max(...observers.map((name) => firstOf(events, name, 'exit')));
    for (const name of [leader, ...observers]) {
      const started = firstOf(events, name, 'start');
      assert.ok(started > lastExit, `${name} started only after every observer had been stopped`);
    }
    for (const observer of observers) assert.equal(lab.standing(observer), 'target');
    await lab.completes(migration);
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  /** The incident about observer3, while target leads. */
  async function missing(): Promise<Incident> {
    const { incidents } = await migration.until(asked, { patienceMs: 180_000 });
    const open = incidents.find(({ closedAt }) => closedAt === null);
    assert.ok(open?.host === 'observer3', JSON.stringify(open));
    assert.match(open.message, /^target leads, and missing there: observer3: /);
    return open;
  }

  /** The next window, after one that turned back. */
  async function again(): Promise<void> {
    const { incidents } = await migration.until(asked);
    const open = incidents.find(({ closedAt }) => closedAt === null);
    await lab.mastersWhole();
    await migration.say('decide', { incident: open?.id, action: 'retry', by: 'ann' });
    await migration.atGate('cut-over', { patienceMs: 120_000 });
  }

  /** Looks again and again at the ensemble of whose data each observer's folder holds. */
  function sampleStanding(): { end(): Promise<ReadonlySet<string | null>> } {
    const seen = new Set<string | null>();
    let running = true;
    const loop = (async () => {
      while (running) {
        for (const observer of observers) seen.add(lab.standing(observer));
        await delay(10);
      }
    })();
    return {
      end: async () => {
        running = false;
        await loop;
        return seen;
      },
    };
  }

  function insideTheBudget({ leaderlessMs, lastAgentMs }: { leaderlessMs: number; lastAgentMs: number }): void {
    assert.ok(leaderlessMs < BUDGET_MS, `without a leader for ${String(leaderlessMs)} ms`);
    assert.ok(lastAgentMs < BUDGET_MS, `the last agent was back after ${String(lastAgentMs)} ms`);
  }

  function nothingFlipped(): Promise<void> {
    for (const observer of observers) {
      assert.equal(lab.standing(observer), 'source', observer);
      assert.deepEqual(lab.setAside(observer), [], `${observer} was never flipped`);
    }
    return Promise.resolve();
  }

  function firstOf(events: Awaited<ReturnType<ObserversLab['supervised']>>, host: string, event: string): number {
    const first = events.find((one) => one.host === host && one.event === event);
    assert.ok(first, `${host} has no ${event}`);
    return first.mono;
  }

  /** A script of the window's own stage that reaches the host only now. */
  async function stopAsTheWindowDid(observer: string): Promise<unknown> {
    const loaded = await loadConfig(lab.lab.clusterFile);
    assert.ok(loaded.ok);
    const { config } = loaded;
    const host = config.observers.find(({ name }) => name === observer);
    assert.ok(host);
    const state = lab.lab.host(observer).read(`var/lib/zkferry/${config.cluster}/generation`).trim().split(' ');
    const [holder = '', generation] = state;
    const shell = new SshShell(() => Promise.resolve(null));
    const hosts = createHostActivities({ shell, secrets: () => Promise.resolve(null) } as unknown as Ports);
    try {
      return await hosts.stopHeld({
        access: { ssh: config.ssh, credentials: config.credentials },
        fence: { cluster: config.cluster, migration: holder, generation: Number(generation) - 1 },
        host,
        unit: host.unit,
        graceMs: 1_000,
        deadline: null,
      });
    } finally {
      shell.close();
    }
  }
});
