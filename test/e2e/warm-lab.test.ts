import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdicts } from '../../lab/contract.js';
import { layOutAgent } from '../../lab/hosts/trees/mesos-tree.js';
import { judgeLab } from '../../lab/judge-lab.js';
import { residue, writes, type Snapshot } from '../../lab/judge/residue.js';
import { takeSnapshot } from '../../lab/snapshot.js';
import type { Migration } from '../../lab/stage/migration.js';
import { Stage } from '../../lab/stage/stage.js';
import { startWorker } from '../../lab/stage/worker-process.js';
import { startTemporal } from '../../lab/temporal.js';
import { zkferry } from '../long/zkferry-cli.js';
import { leaderOf, mastersWhole, standsOn, until } from './lab-facts.js';

/** One live lab, three migrations after each other: two that are rolled back, one that arrives. */
describe('a live lab cluster', function () {
  this.timeout(420_000);
  let dir: string;
  let stage: Stage;
  /** The cluster as it was before anything touched it. */
  let found: Snapshot;
  let migration: Migration;

  before(async () => {
    // Sockets lie below it, and their paths must stay short.
    dir = await mkdtemp(join(tmpdir(), 'zkferry-e2e-'));
    stage = await Stage.start({ dir, agents: 3 });
    found = await takeSnapshot(stage.lab);
  });
  after(async () => {
    await stage?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const quick = (input: Record<string, unknown>) => ({
    ...input,
    policy: { ...(input['policy'] as object), soak: '2s' },
  });

  describe('before anything is written', () => {
    const blocks = async (change: (input: Record<string, unknown>) => unknown, text: RegExp) => {
      const started = await stage.migrate(change);
      await assert.rejects(started.result(), (error: Error) => {
        assert.match(String(error.cause instanceof Error ? error.cause.message : error), text);
        return true;
      });
      for (const [name, host] of stage.lab.hosts) {
        assert.ok(!existsSync(join(host.root, 'var/lib/zkferry')), `${name} was written to`);
      }
    };

    it('fails at once on an invalid config, with every error and its path', () =>
      blocks(
        (input) => ({ ...input, electionPath: '/', observer: [], policy: { canary: 0 } }),
        /electionPath[\s\S]*policy\.canary|policy\.canary[\s\S]*electionPath/,
      ));

    it('is stopped by a host key that is not the pinned one', async () => {
      const ssh = join(stage.lab.dir, 'ssh');
      const pinned = await readFile(join(ssh, 'known_hosts'), 'utf8');
      const { host: master } = stage.lab.json.masters[0] ?? { host: '' };
      const { host: other } = stage.lab.json.masters[1] ?? { host: '' };
      const keyOf = (address: string) => pinned.split('\n').find((line) => line.startsWith(`[${address}]`)) ?? '';
      const wrong = pinned.replace(keyOf(master), keyOf(other).replace(other, master));
      assert.notEqual(wrong, pinned);
      await writeFile(join(dir, 'wrong_known_hosts'), wrong);
      await blocks(
        (input) => ({
          ...input,
          ssh: { ...(input['ssh'] as object), knownHosts: join(dir, 'wrong_known_hosts') },
        }),
        /master1[\s\S]*shows host key SHA256:[\s\S]*pins another one/,
      );
    });

    it('is stopped by a host that ssh does not reach', async () => {
      await stage.lab.host('master2').sshDown();
      try {
        await blocks(quick, /master2[\s\S]*cannot be reached by ssh/);
      } finally {
        await stage.lab.host('master2').sshUp();
      }
    });

    it('is stopped by a target without a quorum', async () => {
      const servers = ['target1', 'target2'].map((name) => stage.lab.host(name));
      for (const { supervisor } of servers) await supervisor.stop('zookeeper');
      try {
        await blocks(quick, /target/);
      } finally {
        for (const { supervisor } of servers) await supervisor.start('zookeeper');
      }
    });
  });

  it('dry run that writes: neither starting nor waiting at gate begin, nor preflight or plan, leave a trace', async () => {
    for (const strategy of ['observers', 'dual-publishing']) {
      const started = await stage.migrate((input) => ({ ...quick(input), strategy }));
      await started.atGate('begin');
      await started.say('rollback', { by: 'ann' });
      assert.equal((await started.result()).state, 'rolled-back');
    }
    for (const verb of ['preflight', 'plan']) {
      const { code, stderr } = await zkferry([verb, stage.lab.clusterFile]);
      assert.equal(code, 0, stderr);
    }
    assert.deepEqual(writes(found, await takeSnapshot(stage.lab)), []);
  });

  it('two migrations of one cluster: the second is refused by workflow id, and elsewhere by what the first has written', async () => {
    migration = await stage.migrate(quick);
    await assert.rejects(stage.migrate(quick), /already started/);
    await withOtherTemporal(async (client) => {
      const second = await stage.migrate(quick, client);
      // Neither has written anything yet, so neither knows of the other.
      await Promise.all([migration.atGate('begin'), second.atGate('begin')]);
      await migration.approve('begin', 'ann');
      await migration.until((s) => s.phase === 'move-agents');
      await second.approve('begin', 'bob');
      const { incidents } = await second.until((s) => s.state === 'awaiting-decision');
      // The fresh look at gate begin finds the first one's traces; had both looked before either wrote, the lock would.
      const { code = '', message = '' } = incidents.at(-1) ?? {};
      assert.match(code, /^FERRY_(PREFLIGHT|LOCKED)$/, JSON.stringify(incidents));
      assert.match(message, /zkferry/);
      await second.say('rollback', { by: 'bob' });
      const { state, incidents: all } = await second.result();
      assert.equal(state, 'rolled-back');
      assert.equal(all.length, 1, JSON.stringify(all, null, 1));
    });
    const { znodes } = await takeSnapshot(stage.lab);
    for (const path of ['source:/zkferry-lab', 'target:/mesos', 'target:/mesos/log_replicas']) {
      assert.ok(znodes.has(path), `${path} of the first migration stands`);
    }
  });

  it('is back on source when it is rolled back from move-masters', async () => {
    await migration.until((s) => s.phase === 'move-masters' && s.progress.done >= 1);
    await migration.handle.signal('rollback', { by: 'ann', reason: 'a test' });
    await endsRolledBack(migration);
    await standsOn(stage.lab, 'source');
    await leavesNothing();
  });

  it('old approval for a new plan: is refused once an agent has joined, and the gate asks anew', async () => {
    migration = await stage.migrate(quick);
    await migration.approve('begin', 'ann');
    const { planHash: old } = await migration.atGate('cut-over');
    await joinOnSource('framework1');
    // Its answer is for the plan of before: the fresh look finds the newcomer, moves it, and closes the gate again.
    await migration.approve('cut-over', 'ann');
    await migration.atGate('cut-over');
    const { planHash } = await migration.until((s) => s.planHash !== old && s.state === 'awaiting-approval');
    await assert.rejects(migration.say('approve', { gate: 'cut-over', by: 'ann', planHash: old }), (error: Error) => {
      assert.match(String(error.cause), /is not the current one/);
      return true;
    });
    assert.notEqual(planHash, old);
    assert.equal((await migration.status()).window?.openedAt ?? null, null);
  });

  it('is back on source when it is rolled back from cut-over', async () => {
    await migration.approve('cut-over', 'ann');
    await migration.until((s) => (s.window?.openedAt ?? null) !== null);
    await migration.say('rollback', { by: 'ann' });
    await endsRolledBack(migration);
    await standsOn(stage.lab, 'source');
    // But for the newcomer's own files, which the migration found there.
    await leavesNothing((line) => line.includes('framework1') && !line.includes('zkferry'));
  });

  it('arrives on target with every agent, task and framework', async () => {
    const migration = await stage.migrate(quick);
    await migration.approve('begin', 'ann');
    await migration.approve('cut-over', 'ann');
    await migration.approve('complete', 'ann');
    const status = await migration.result();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    assert.notEqual(status.window?.coordinationMs, null);
    await standsOn(stage.lab, 'observers');
    const { budgetMs, lastAgentMs } = { budgetMs: 0, lastAgentMs: null, ...status.window };
    assert.ok(
      lastAgentMs !== null && lastAgentMs < budgetMs,
      `last agent after ${String(lastAgentMs)} of ${budgetMs} ms`,
    );
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    const seen: Verdicts = await judgeLab(stage.lab.refresh());
    assert.equal(seen.leadersAtOnceMax, 1, seen.reasons.join('; '));
    assert.equal(seen.overlapMs, 0);
    assert.deepEqual(seen.agentsLost, []);
    assert.deepEqual(seen.tasksLost, []);
    assert.deepEqual(seen.frameworksLost, []);
    assert.ok(seen.samples > 1_000, `${seen.samples} samples`);
  });

  async function endsRolledBack(migration: Migration): Promise<void> {
    const status = await migration.result();
    assert.equal(status.state, 'rolled-back', JSON.stringify(status, null, 1));
    // An incident that no person decided is one that stays, such as residue.
    assert.deepEqual(
      status.incidents.filter(({ closedAt }) => closedAt === null),
      [],
    );
  }

  async function leavesNothing(except: (line: string) => boolean = () => false): Promise<void> {
    await mastersWhole(stage.lab);
    const left = residue(found, await takeSnapshot(stage.lab));
    assert.deepEqual(
      left.filter((line) => !except(line)),
      [],
    );
  }

  /** A Temporal server and a worker that know nothing of the stage's own. */
  async function withOtherTemporal(use: (client: Client) => Promise<void>): Promise<void> {
    const folder = join(dir, 'other');
    await mkdir(folder);
    const temporal = await startTemporal({ dir: folder, ui: false });
    try {
      const connection = await Connection.connect({ address: temporal.address });
      const worker = await startWorker({ dir: folder, temporal: temporal.address });
      try {
        await use(new Client({ connection }));
      } finally {
        await worker.stop();
        await connection.close();
      }
    } finally {
      await temporal.stop();
    }
  }

  /** A new agent, on a host that the lab has already, told source's own servers. */
  async function joinOnSource(name: string): Promise<void> {
    const { frameworks } = stage.lab.json;
    const address = frameworks.find((one) => one.name === name)?.host ?? '';
    const host = stage.lab.host(name);
    const servers = stage.lab.json.source.map((one) => `${one.host}:${String(one.clientPort)}`).join(',');
    const zk = `zk://${servers}${stage.lab.json.electionPath}`;
    layOutAgent(host, { zk, factor: 1, flags: { resources: 'cpus:4;mem:4096;disk:10240', attributes: 'lab:lab' } });
    await symlink(name, join(stage.lab.dir, 'hosts', address));
    await host.supervisor.start('mesos-slave');
    const leader = await leaderOf(stage.lab);
    const { host: at = '', httpPort = 0 } = stage.lab.json.masters.find((one) => one.name === leader) ?? {};
    await until(async () => {
      const answer = await fetch(`http://${at}:${String(httpPort)}/slaves`).catch(() => null);
      const view = (await answer?.json().catch(() => null)) as {
        slaves: { active: boolean; hostname: string }[];
      } | null;
      return view?.slaves.some(({ active, hostname }) => active && hostname === address) ?? false;
    }, `${name} has an agent`);
  }
});
