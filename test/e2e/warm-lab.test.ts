import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdicts } from '../../lab/contract.js';
import { judgeLab } from '../../lab/judge-lab.js';
import type { Migration } from '../../lab/stage/migration.js';
import { Stage } from '../../lab/stage/stage.js';
import { zkServersOf } from './zk-connections.js';

/** One live lab, three migrations after each other: two that are rolled back, one that arrives. */
describe('a live lab cluster', function () {
  this.timeout(420_000);
  let dir: string;
  let stage: Stage;

  before(async () => {
    // Sockets lie below it, and their paths must stay short.
    dir = await mkdtemp(join(tmpdir(), 'zkferry-e2e-'));
    stage = await Stage.start({ dir, agents: 3 });
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
      const migration = await stage.migrate(change);
      await assert.rejects(migration.result(), (error: Error) => {
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

  it('is back on source when it is rolled back from move-masters', async () => {
    const migration = await stage.migrate(quick);
    await migration.approve('begin', 'ann');
    await migration.until((s) => s.phase === 'move-masters' && s.progress.done >= 1);
    await migration.handle.signal('rollback', { by: 'ann', reason: 'a test' });
    await endsRolledBack(migration);
    await standsOn('source');
  });

  it('is back on source when it is rolled back from cut-over', async () => {
    const migration = await stage.migrate(quick);
    await migration.approve('begin', 'ann');
    await migration.approve('cut-over', 'ann');
    await migration.until((s) => (s.window?.openedAt ?? null) !== null);
    await migration.say('rollback', { by: 'ann' });
    await endsRolledBack(migration);
    await standsOn('source');
  });

  it('arrives on target with every agent, task and framework', async () => {
    const migration = await stage.migrate(quick);
    await migration.approve('begin', 'ann');
    await migration.approve('cut-over', 'ann');
    await migration.approve('complete', 'ann');
    const status = await migration.result();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    assert.notEqual(status.window?.coordinationMs, null);
    await standsOn('observers');
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

  /** Every Mesos process is connected to the servers of this side, and to no others. */
  async function standsOn(side: 'source' | 'observers'): Promise<void> {
    const lab = stage.lab.refresh();
    const wanted = new Set(lab[side].map(({ host }) => host));
    for (const { name, pid } of [...lab.masters, ...lab.agents, ...lab.frameworks]) {
      assert.notEqual(pid, null, `${name} runs`);
      const servers = await zkServersOf(pid ?? 0, lab.source[0]?.clientPort ?? 0);
      assert.ok(servers.length > 0, `${name} is connected to ZooKeeper`);
      for (const server of servers) assert.ok(wanted.has(server), `${name} is connected to ${server}, not ${side}`);
    }
  }
});
