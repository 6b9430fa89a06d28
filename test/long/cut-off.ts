import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { judgeLab } from '../../lab/judge-lab.js';
import { mastersReady } from '../../lab/up/readiness.js';
import type { Migration } from '../../lab/stage/migration.js';
import type { Stage } from '../../lab/stage/stage.js';
import type { Diagnosis } from '../../src/domain/doctor/diagnosis.js';
import type { Observation } from '../../src/domain/doctor/observation.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { until } from '../e2e/dual-lab.js';
import { zkServersOf } from '../e2e/zk-connections.js';
import { zkferry } from './zkferry-cli.js';

/** A lab in which migrations are cut off without a way back, and what is done about it. */
export class CutOff {
  constructor(readonly stage: Stage) {}

  migrate(change: (input: Record<string, unknown>) => Record<string, unknown> = (input) => input): Promise<Migration> {
    return this.stage.migrate((input) => change({ ...input, policy: { ...(input['policy'] as object), soak: '2s' } }));
  }

  async begun(): Promise<Migration> {
    const migration = await this.migrate();
    await migration.approve('begin', 'ann');
    return migration;
  }

  /** `temporal workflow terminate` of a migration and of its windows and fleets: no code of theirs runs any more. */
  async terminate(migration: Migration): Promise<string> {
    const { raw, runId } = await migration.handle.describe();
    for (const { workflowId, runId: child } of raw.pendingChildren ?? []) {
      await this.stage.client.workflow
        .getHandle(workflowId ?? '', child ?? '')
        .terminate('a test')
        .catch(() => undefined);
    }
    await migration.handle.terminate('a test');
    return `${migration.handle.workflowId}/${runId}`;
  }

  async doctor(): Promise<{ code: number | null; text: string; seen: Diagnosis & { observation: Observation } }> {
    const { clusterFile } = this.stage.lab;
    // A port at which no Temporal answers: it is not asked.
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const [{ code, stdout, stderr }, text] = [
      await zkferry(['doctor', clusterFile, '--json'], env),
      await zkferry(['doctor', clusterFile], env),
    ];
    assert.notEqual(stdout, '', stderr);
    return { code, text: text.stdout, seen: JSON.parse(stdout) as Diagnosis & { observation: Observation } };
  }

  /** What doctor says of each process is what the host's own files and sockets show. */
  async saysTheTruth({ observation }: { observation: Observation }): Promise<void> {
    const lab = this.stage.lab.refresh();
    const port = lab.source[0]?.clientPort ?? 0;
    for (const { host, facts, serves } of observation.observers) {
      const tag = join(host.root, host.dataDir, 'zkferry-ensemble');
      assert.equal(facts?.tag ?? null, existsSync(tag) ? readFileSync(tag, 'utf8').split(' ')[0] : null);
      const pid = lab.observers.find(({ name }) => name === host.name)?.pid ?? null;
      if (pid === null) assert.notEqual(serves, 'source', `${host.name} is down`);
      else if (serves !== 'unknown') assert.equal(serves, facts?.tag);
    }
    for (const { host, facts } of observation.masters) {
      const master = lab.masters.find(({ name }) => name === host.name);
      assert.equal(facts?.process === 'running', master?.pid !== null && master?.pid !== undefined, host.name);
      if (!master?.pid || facts?.connected === 'unknown') continue;
      const [server] = await zkServersOf(master.pid, port);
      if (server === undefined) continue;
      const side = (['source', 'target', 'observers'] as const).find((one) => lab[one].some((s) => s.host === server));
      assert.equal(facts?.connected, side, host.name);
    }
  }

  /** A migration that knows nothing of it is refused, and told whose traces these are. */
  async refusesAnother(id: string): Promise<void> {
    const migration = await this.migrate();
    await assert.rejects(migration.result(), (error: Error & { cause?: Error }) => {
      assert.match(String(error.cause?.message), new RegExp(`--take-over ${id}`));
      return true;
    });
  }

  async takesOver(id: string): Promise<void> {
    const migration = await this.migrate((input) => ({
      ...input,
      policy: { ...(input['policy'] as object), takeOver: id },
    }));
    let ended: MigrationStatus;
    do {
      await migration.approve('begin', 'ann');
      ended = await migration.until(({ state }) => state !== 'running' && state !== 'rolling-back', {
        patienceMs: 300_000,
      });
      // What stood otherwise by the time the old run was fenced off is approved as a person would; what it
      // asks a person to decide fails the test, and says why.
    } while (ended.state === 'awaiting-approval');
    assert.equal(ended.state, 'rolled-back', JSON.stringify(ended, null, 1));
    assert.deepEqual(ended.incidents, []);
    await this.standsOn('source');
    const { code, seen } = await this.doctor();
    assert.equal(seen.verdict, 'untouched', JSON.stringify(seen, null, 1));
    assert.equal(code, 0, JSON.stringify(seen.unknown));
  }

  async arrives(side: 'observers' | 'target'): Promise<void> {
    const { masters } = this.stage.lab.json;
    const placed = masters.map(({ name, host }) => ({ name, address: host }));
    await until(
      async () => (await mastersReady(placed, masters[0]?.httpPort ?? 0)) === null,
      'every master counts all replicas',
    );
    const migration = await this.begun();
    await migration.approve('cut-over', 'ann');
    await migration.approve('complete', 'ann');
    const status = await migration.result();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    await this.standsOn(side);
  }

  async standsOn(side: 'source' | 'observers' | 'target'): Promise<void> {
    const lab = this.stage.lab.refresh();
    const wanted = new Set(lab[side].map(({ host }) => host));
    for (const { name, pid } of [...lab.masters, ...lab.agents, ...lab.frameworks]) {
      assert.notEqual(pid, null, `${name} runs`);
      const servers = await zkServersOf(pid ?? 0, lab.source[0]?.clientPort ?? 0);
      assert.ok(servers.length > 0, `${name} is connected to ZooKeeper`);
      for (const server of servers) assert.ok(wanted.has(server), `${name} is connected to ${server}, not ${side}`);
    }
  }

  async judged(): Promise<void> {
    await delay(1_500);
    const seen = await judgeLab(this.stage.lab.refresh());
    assert.equal(seen.leadersAtOnceMax, 1, seen.reasons.join('; '));
    assert.equal(seen.overlapMs, 0);
    assert.deepEqual(seen.agentsLost, []);
    assert.deepEqual(seen.tasksLost, []);
    assert.deepEqual(seen.frameworksLost, []);
    assert.ok(seen.samples > 500, `${seen.samples} samples`);
  }
}
