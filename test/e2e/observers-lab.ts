import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type JournalRecord,
  stamp,
  type SupervisorJournalRecord,
  type Verdicts,
  type WatchRecord,
} from '../../lab/contract.js';
import { judgeLab, readRecords } from '../../lab/judge-lab.js';
import { sortEvidence, type Span } from '../../lab/judge/evidence.js';
import { leadingIntervals } from '../../lab/judge/leading-intervals.js';
import type { DeclaredLosses } from '../../lab/judge/losses.js';
import type { LabOptions } from '../../lab/lab.js';
import type { Migration } from '../../lab/stage/migration.js';
import { Stage } from '../../lab/stage/stage.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { leaderOf, mastersWhole, standsOn, until } from './lab-facts.js';

/** What leaderless stretches have cost, in ms. */
export interface Outage {
  readonly leaderlessMs: number;
  readonly lastAgentMs: number;
}

/** A live lab that migrates with observers, and what its tests ask of it. */
export class ObserversLab {
  private constructor(
    readonly dir: string,
    readonly stage: Stage,
  ) {}

  static async start(options: Omit<LabOptions, 'dir' | 'strategy'> = {}): Promise<ObserversLab> {
    // Sockets lie below it, and their paths must stay short.
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-obs-'));
    return new ObserversLab(dir, await Stage.start({ agents: 2, ...options, dir }));
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  get lab(): Stage['lab'] {
    return this.stage.lab;
  }

  migrate(policy: Readonly<Record<string, unknown>> = {}): Promise<Migration> {
    return this.stage.migrate((input) => ({
      ...input,
      policy: { ...(input['policy'] as object), soak: '2s', ...policy },
    }));
  }

  async atCutOver(policy: Readonly<Record<string, unknown>> = {}): Promise<Migration> {
    const migration = await this.migrate(policy);
    await migration.approve('begin', 'ann');
    await migration.atGate('cut-over');
    return migration;
  }

  leader(other?: string): Promise<string> {
    return leaderOf(this.lab, other);
  }

  /** Approves the window and returns once it has stopped the leading master; the observers come next. */
  async openWindow(migration: Migration): Promise<{ readonly leader: string; readonly stoppedAt: number }> {
    const leader = await this.leader();
    await migration.approve('cut-over', 'ann', { patienceMs: 120_000 });
    const stoppedAt = await this.whenStopped(leader, 'mesos-master');
    return { leader, stoppedAt };
  }

  /** Waits for the next end of a unit that runs; @returns when, on the monotonic clock. */
  async whenStopped(host: string, unit: string): Promise<number> {
    await until(() => this.lab.host(host).mainPid(unit) === null, `${unit} on ${host} is stopped`, { everyMs: 2 });
    return stamp().mono;
  }

  /** Starts and exits of these hosts' services, in order. */
  async supervised(of: {
    readonly hosts: readonly string[];
    readonly since?: number;
  }): Promise<SupervisorJournalRecord[]> {
    const records = await readRecords<JournalRecord>(this.lab.json.journalDir);
    return records
      .filter((record) => record.kind === 'supervisor')
      .filter(({ host, mono }) => of.hosts.includes(host) && mono >= (of.since ?? 0));
  }

  /** The ensemble whose data lies in an observer's folder, by its tag; null = none. */
  standing(observer: string): string | null {
    const tag = 'var/lib/zookeeper/zkferry-ensemble';
    const host = this.lab.host(observer);
    return existsSync(host.path(tag)) ? (host.read(tag).split(' ')[0] ?? null) : null;
  }

  /** Data that a flip has set aside on an observer. */
  setAside(observer: string): string[] {
    const folder = this.lab.host(observer).path('var/lib/zookeeper');
    return readdirSync(folder).filter((name) => name.startsWith('version-2.zkferry-'));
  }

  /**
   * The longest time without a leader since then, and how long after the beginning of the last such stretch
   * all agents were back, by the masters' journals and the watchers; waits for the agents.
   */
  async outageSince(mono: number): Promise<Outage> {
    const { journalDir, watchers, agents } = this.lab.json;
    return until(async () => {
      const [journal, watch] = [
        await readRecords<JournalRecord>(journalDir),
        await readRecords<WatchRecord>(watchers.dir),
      ];
      const evidence = sortEvidence(journal, watch);
      const gaps: Span[] = [];
      let ledUntil = mono;
      let leader = '';
      for (const { master, from, to } of leadingIntervals(evidence, stamp().mono).sort((a, b) => a.from - b.from)) {
        if (to <= mono) continue;
        if (from > ledUntil) gaps.push({ from: ledUntil, to: from });
        ledUntil = Math.max(ledUntil, to);
        leader = master;
      }
      const last = gaps.at(-1);
      if (!last) return null;
      const whole = evidence.cluster.find(
        (view) => view.mono >= last.to && view.leader === leader && view.activeAgentIds.length >= agents.length,
      );
      if (!whole) return null;
      return { leaderlessMs: Math.max(...gaps.map(({ from, to }) => to - from)), lastAgentMs: whole.mono - last.from };
    }, 'a master leads and has all agents');
  }

  async endsRolledBack(migration: Migration): Promise<MigrationStatus> {
    const status = await migration.result();
    assert.equal(status.state, 'rolled-back', JSON.stringify(status, null, 1));
    const open = status.incidents.filter(({ closedAt }) => closedAt === null);
    assert.deepEqual(open, []);
    await this.standsOn('source');
    return status;
  }

  async completes(migration: Migration): Promise<MigrationStatus> {
    await migration.approve('complete', 'ann');
    const status = await migration.result();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    await this.standsOn('observers');
    return status;
  }

  standsOn(side: 'source' | 'observers'): Promise<void> {
    return standsOn(this.lab, side);
  }

  mastersWhole(): Promise<void> {
    return mastersWhole(this.lab);
  }

  /** What the watchers saw of promises 1 and 2. */
  async judged(declared?: DeclaredLosses): Promise<Verdicts> {
    // One more round of the slowest watchers.
    await delay(1_500);
    const seen = await judgeLab(this.lab.refresh(), declared === undefined ? {} : { declaredLosses: declared });
    assert.equal(seen.leadersAtOnceMax, 1, seen.reasons.join('; '));
    assert.equal(seen.overlapMs, 0);
    assert.deepEqual(seen.agentsLost, []);
    assert.deepEqual(seen.tasksLost, []);
    assert.deepEqual(seen.frameworksLost, []);
    return seen;
  }
}
