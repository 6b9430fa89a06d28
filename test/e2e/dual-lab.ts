import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Verdicts } from '../../lab/contract.js';
import { judgeLab } from '../../lab/judge-lab.js';
import type { LabOptions } from '../../lab/lab.js';
import type { Migration } from '../../lab/stage/migration.js';
import { Stage } from '../../lab/stage/stage.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import { leaderOf, mastersWhole, type Role, standsOn, until } from './lab-facts.js';

export { until };

/** A live lab that migrates by dual publishing, and what its tests ask of it. */
export class DualLab {
  private constructor(
    readonly dir: string,
    readonly stage: Stage,
    private readonly credentials: LabOptions['credentials'],
  ) {}

  static async start(options: Omit<LabOptions, 'dir' | 'strategy'> = {}): Promise<DualLab> {
    // Sockets lie below it, and their paths must stay short.
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-dual-'));
    const stage = await Stage.start({ agents: 3, ...options, dir, strategy: 'dual-publishing' });
    return new DualLab(dir, stage, options.credentials);
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  migrate(): Promise<Migration> {
    return this.stage.migrate((input) => ({
      ...input,
      policy: { ...(input['policy'] as object), soak: '2s' },
    }));
  }

  /** A migration that stands at gate `cut-over`: agents and schedulers on target, masters on source. */
  async atCutOver(): Promise<Migration> {
    const migration = await this.migrate();
    await migration.approve('begin', 'ann');
    await migration.atGate('cut-over');
    return migration;
  }

  /** Config name of the one master that says it leads; waits until there is one. */
  leader(other?: string): Promise<string> {
    return leaderOf(this.stage.lab, other);
  }

  /** One master leads, its registry is recovered, and every master counts all replicas of it. */
  mastersWhole(): Promise<void> {
    return mastersWhole(this.stage.lab);
  }

  /** How often each agent has seen the leading master change or go, by its own log. */
  async leaderChanges(): Promise<Record<string, number>> {
    const counts = this.stage.lab.json.agents.map(async ({ name, root }) => {
      const log = await readFile(join(root, 'var/log/mesos-slave.log'), 'utf8');
      return [name, [...log.matchAll(/New master detected|Lost leading master/g)].length] as const;
    });
    return Object.fromEntries(await Promise.all(counts));
  }

  /** Every agent is registered with this master. */
  async agentsFollow(master: string): Promise<void> {
    const { masters, agents } = this.stage.lab.json;
    const leader = masters.find(({ name }) => name === master);
    await until(async () => {
      const answer = await fetch(`http://${leader?.host ?? ''}:${leader?.httpPort ?? 0}/slaves`).catch(() => null);
      const view = (await answer?.json().catch(() => null)) as { slaves: { active: boolean }[] } | null;
      return view?.slaves.filter(({ active }) => active).length === agents.length || null;
    }, `every agent follows ${master}`);
  }

  /** Contenders in target: name → the znode's creation and its session. */
  async mirrors(): Promise<Record<string, string>> {
    return this.inEnsemble('target', async (session) => {
      const names = (await session.children(this.stage.lab.json.electionPath)) ?? [];
      const znodes = names
        .filter((name) => name !== 'log_replicas')
        .map(async (name) => {
          const znode = await session.read(`${this.stage.lab.json.electionPath}/${name}`);
          return [name, `${String(znode?.czxid)} of ${znode?.ephemeralOwner ?? 'nobody'}`] as const;
        });
      return Object.fromEntries(await Promise.all(znodes));
    });
  }

  /** Fault: somebody gives CREATE back to all, as whoever has ADMIN can. */
  async openDoorByHand(ensemble: 'source' | 'target'): Promise<void> {
    const { electionPath } = this.stage.lab.json;
    await this.inEnsemble(ensemble, async (session) => {
      for (const path of [electionPath, `${electionPath}/log_replicas`]) {
        await session.setAcl(path, [{ permissions: 31, scheme: 'world', id: 'anyone' }]);
      }
    });
  }

  /** A session of the test's own with an ensemble, from the watchers' side of things. */
  async inEnsemble<T>(ensemble: 'source' | 'target', use: (session: ZnodeSession) => Promise<T>): Promise<T> {
    const servers = this.stage.lab.json[ensemble].map(({ name, host, clientPort }) => ({
      name,
      address: host,
      clientPort,
    }));
    const options = { credentials: this.credentials?.[ensemble] ?? null, timeoutMs: 10_000 };
    const session = await new ZookeeperStore().connect(servers, options, new AbortController().signal);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  standsOn(side: 'source' | 'target', roles: readonly Role[]): Promise<void> {
    return standsOn(this.stage.lab, side, roles);
  }

  async endsRolledBack(migration: Migration): Promise<MigrationStatus> {
    const status = await migration.result();
    assert.equal(status.state, 'rolled-back', JSON.stringify(status, null, 1));
    await this.standsOn('source', ['masters', 'agents', 'frameworks']);
    return status;
  }

  async completes(migration: Migration): Promise<MigrationStatus> {
    await migration.approve('complete', 'ann');
    const status = await migration.result();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    await this.standsOn('target', ['masters', 'agents', 'frameworks']);
    return status;
  }

  /** What the watchers saw: the promises that hold whatever is done to the publisher. */
  async judged(): Promise<Verdicts> {
    // One more round of the slowest watchers.
    await delay(1_500);
    const seen = await judgeLab(this.stage.lab.refresh());
    assert.equal(seen.leadersAtOnceMax, 1, seen.reasons.join('; '));
    assert.equal(seen.overlapMs, 0);
    assert.equal(seen.wrongLeaderMs, 0, seen.reasons.join('; '));
    assert.deepEqual(seen.agentsLost, []);
    assert.deepEqual(seen.tasksLost, []);
    assert.deepEqual(seen.frameworksLost, []);
    return seen;
  }
}
