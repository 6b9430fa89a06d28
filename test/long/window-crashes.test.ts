import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CRASH_RECORD, type CrashFound, type CrashRecord } from '../../lab/campaign/crash-record.js';
import { thisMachine } from '../../lab/campaign/machine.js';
import { commitOfSources } from '../../lab/campaign/sources.js';
import { judgeLab } from '../../lab/judge-lab.js';
import { repositoryRoot } from '../../lab/repository-root.js';
import type { Migration } from '../../lab/stage/migration.js';
import { Stage } from '../../lab/stage/stage.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import type { MigrationStatus } from '../../src/domain/status.js';

/** Two workers, and a fault at a given instant of the window; each run in a lab of its own, judged by its watchers. */
describe('a crash in the middle of the window', function () {
  this.timeout(40 * 60_000);
  const PAIRS = 5;
  const GROWTH_MS = 4_000;
  const DOWN_MS = 2_000;

  it('of a worker makes it at most 4 s longer, as the median of five pairs', async () => {
    const pairs: { afterMs: number; aloneMs: number; killedMs: number }[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      // Spread over the window: its stops, its starts, its election.
      const afterMs = 200 + 400 * pair;
      const alone = await run(null);
      const killed = await run(async ({ stage, migration, workers }) => {
        await delay(afterMs);
        const pid = await deciderOf(stage, migration);
        const decider = workers.find((worker) => worker.pid === pid);
        assert.ok(decider, `no worker decides in the window ${afterMs} ms after it was opened`);
        await decider.stop('SIGKILL');
      });
      pairs.push({ afterMs, aloneMs: alone.coordinationMs, killedMs: killed.coordinationMs });
    }
    const growth = pairs.map(({ aloneMs, killedMs }) => killedMs - aloneMs).sort((a, b) => a - b);
    const medianMs = growth[Math.floor(PAIRS / 2)] ?? Number.NaN;
    record({ kind: 'worker', pairs, medianGrowthMs: medianMs });
    assert.ok(medianMs <= GROWTH_MS, JSON.stringify(pairs));
  });

  it('of the Temporal server, back after 2 s, is done or undone inside the budget', async () => {
    const { status, leaderlessMs, budgetMs } = await run(async ({ stage, restarted }) => {
      await delay(600);
      const { address } = stage.temporal;
      await stage.temporal.stop('SIGKILL');
      await delay(DOWN_MS);
      restarted(await startTemporal({ dir: stage.dir, port: Number(address.split(':')[1]) }));
    });
    const outcome = status.window?.pointOfNoReturnAt ? 'done' : 'undone';
    record({ kind: 'temporal', downMs: DOWN_MS, outcome, leaderlessMs, budgetMs });
    assert.ok(leaderlessMs <= budgetMs, `${leaderlessMs} ms without a leader, budget ${budgetMs} ms`);
  });

  interface Running {
    readonly stage: Stage;
    readonly migration: Migration;
    readonly workers: readonly WorkerProcess[];
    readonly restarted: (server: TemporalServer) => void;
  }

  async function run(fault: ((running: Running) => Promise<void>) | null) {
    const dir = await mkdtemp(join(tmpdir(), 'zkw-'));
    const stage = await Stage.start({ dir, agents: 2 });
    let server: TemporalServer | null = null;
    const second = await startWorker({ dir, temporal: stage.temporal.address, name: 'worker-2' });
    try {
      const migration = await stage.migrate();
      await migration.approve('begin', 'ann');
      await migration.approve('cut-over', 'ann');
      await migration.until((s) => (s.window?.openedAt ?? null) !== null);
      const workers = [stage.worker, second];
      await fault?.({ stage, migration, workers, restarted: (started) => (server = started) });
      const settled = (s: MigrationStatus) => s.phase === 'soak' || s.state.startsWith('awaiting');
      const status = await migration.until(settled);
      if (fault === null || status.window?.pointOfNoReturnAt) await migration.atGate('complete');
      const seen = await judgeLab(stage.lab.refresh());
      assert.equal(seen.leadersAtOnceMax, 1);
      assert.deepEqual([...seen.agentsLost, ...seen.tasksLost, ...seen.frameworksLost], []);
      const { coordinationMs, leaderlessMs } = seen;
      assert.ok(leaderlessMs !== null, 'the watchers saw no change of leader');
      return {
        status,
        coordinationMs: coordinationMs ?? Number.NaN,
        leaderlessMs,
        budgetMs: status.window?.budgetMs ?? 0,
      };
    } finally {
      await second.stop();
      await stage.stop();
      await (server as TemporalServer | null)?.stop();
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** The process that decided last in the window: the one whose death costs most. */
  async function deciderOf({ client }: Stage, { handle }: Migration): Promise<number | null> {
    const { raw } = await handle.describe();
    const child = raw.pendingChildren?.find(({ workflowId }) => workflowId?.includes('/cut-over-'));
    if (!child?.workflowId) return null;
    const { events } = await client.workflow.getHandle(child.workflowId).fetchHistory();
    const started = events?.findLast((event) => event.workflowTaskStartedEventAttributes);
    const identity = started?.workflowTaskStartedEventAttributes?.identity;
    return identity ? Number(identity.split(':').at(-1)) : null;
  }

  function record(found: CrashFound): void {
    const at = new Date().toISOString();
    const line: CrashRecord = { at, commit: commitOfSources(), machine: thisMachine(1), ...found };
    appendFileSync(join(repositoryRoot(), CRASH_RECORD), `${JSON.stringify(line)}\n`);
  }
});
