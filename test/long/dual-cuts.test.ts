import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LabServer } from '../../lab/contract.js';
import type { Migration } from '../../lab/stage/migration.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { DualLab, until } from '../e2e/dual-lab.js';
import { type Endpoint, type SeverableProxy, startProxy } from '../integration/severable-proxy.js';

/** Mesos' own, and what our sessions get on source. */
const SOURCE_SESSION_MS = 10_000;
/** 20 ticks: what the publisher's session gets on target. */
const TARGET_SESSION_MS = 40_000;

/** The publisher on a host of its own, whose links to either ensemble are cut the silent way. */
describe('dual publishing, with the publisher cut off', function () {
  this.timeout(300_000);
  let lab: DualLab;
  let migration: Migration;
  let publisher: WorkerProcess | null = null;
  const links: Record<'source' | 'target', SeverableProxy[]> = { source: [], target: [] };

  before(async () => {
    lab = await DualLab.start();
    const { dir, stage } = lab;
    const temporal = stage.temporal.address;
    const routes: Record<string, Endpoint> = {};
    const link = async ({ host, clientPort: port }: LabServer, side: 'source' | 'target') => {
      const from = { address: host.replace(/\d+$/, (last) => String(Number(last) + 240)), port };
      links[side].push(await startProxy(from, { address: host, port }));
      routes[`${host}:${String(port)}`] = from;
    };
    for (const side of ['source', 'target'] as const)
      for (const server of stage.lab.json[side]) await link(server, side);
    await writeFile(join(dir, 'routes.json'), JSON.stringify(routes));
    await stage.worker.stop();
    const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
    stage.worker = await startWorker({ dir, temporal, command: [main, 'worker', '--queue', 'migration'] });
    const behind = fileURLToPath(new URL('publisher-behind-proxies.js', import.meta.url));
    publisher = await startWorker({
      dir,
      temporal,
      name: 'publisher',
      command: [behind, join(dir, 'routes.json')],
    });
    migration = await lab.atCutOver();
  });
  after(async () => {
    await publisher?.stop();
    await Promise.all([...links.source, ...links.target].map((proxy) => proxy.close()));
    await lab?.stop();
  });

  it('changes nothing when it is cut off from source for less than the session timeout', async () => {
    await nothingChanges('source', 3_000);
  });

  it('changes nothing when it is cut off from target for less than the session timeout', async () => {
    await nothingChanges('target', 10_000);
  });

  it('withdraws its mirrors within the session timeout when it is cut off from source, and publishes again', async () => {
    const since = Date.now();
    cut('source');
    await until(async () => Object.keys(await lab.mirrors()).length === 0, 'all mirrors are withdrawn');
    assert.ok(Date.now() - since <= SOURCE_SESSION_MS, `they stood for ${String(Date.now() - since)} ms`);
    const held = await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
    assert.equal(held.incidents.at(-1)?.code, 'FERRY_DIVERGENCE');
    mend('source');
    await publishedAgain();
  });

  it('publishes what is true then when it returns after its session with target has expired', async () => {
    const before = await lab.mirrors();
    cut('target');
    await delay(TARGET_SESSION_MS / 2);
    assert.deepEqual(await lab.mirrors(), before, 'its session holds them for as long as it lives');
    await until(async () => Object.keys(await lab.mirrors()).length === 0, 'its session expires');
    // What stands in source by then is another set of contenders.
    const old = await lab.leader();
    process.kill(lab.stage.lab.host(old).mainPid('mesos-master') ?? 0, 'SIGKILL');
    await lab.leader(old);
    mend('target');
    await publishedAgain();
  });

  it('arrives after all that', async () => {
    await migration.approve('cut-over', 'ann', { patienceMs: 120_000 });
    await lab.completes(migration);
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  async function nothingChanges(side: 'source' | 'target', cutMs: number): Promise<void> {
    const [changes, mirrors] = [await lab.leaderChanges(), await lab.mirrors()];
    cut(side);
    await delay(cutMs);
    mend(side);
    await delay(SOURCE_SESSION_MS);
    assert.deepEqual(await lab.mirrors(), mirrors);
    assert.deepEqual(await lab.leaderChanges(), changes);
    assert.equal((await migration.status()).state, 'awaiting-approval');
  }

  /** The agents follow the leader through the mirrors, and the migration goes on once a person says so. */
  async function publishedAgain(): Promise<void> {
    await lab.agentsFollow(await lab.leader());
    for (;;) {
      const status = await migration.status();
      const open = status.incidents.findLast(({ closedAt }) => closedAt === null);
      if (open === undefined) break;
      await migration.say('decide', { incident: open.id, action: 'retry', by: 'ann' });
      await delay(1_000);
    }
    await migration.atGate('cut-over', { patienceMs: 120_000 });
  }

  function cut(side: 'source' | 'target'): void {
    for (const proxy of links[side]) proxy.sever();
  }

  function mend(side: 'source' | 'target'): void {
    for (const proxy of links[side]) proxy.mend();
  }
});
