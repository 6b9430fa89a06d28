import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Migration } from '../../lab/stage/migration.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { DualLab, until } from '../e2e/dual-lab.js';

/** What may die while both ensembles name the same leader: masters, one after the other, and workers. */
describe('dual publishing, while masters fail over and workers die', function () {
  this.timeout(400_000);
  let lab: DualLab;
  let migration: Migration;
  let second: WorkerProcess | null = null;

  before(async () => {
    lab = await DualLab.start();
    migration = await lab.atCutOver();
  });
  after(async () => {
    await second?.stop('SIGKILL');
    await lab?.stop();
  });

  it('lets agents on target follow three failovers in source, one after the other', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const old = await lab.leader();
      process.kill(lab.stage.lab.host(old).mainPid('mesos-master') ?? 0, 'SIGKILL');
      const next = await lab.leader(old);
      await lab.agentsFollow(next);
      // A quorum of the registry's log has to be back before the next one is killed.
      await until(async () => lab.stage.lab.host(old).mainPid('mesos-master') !== null, `${old} is started again`);
      await lab.mastersWhole();
    }
  });

  it('shows no agent a change of the leader when the only worker is killed and started anew', async () => {
    const before = await lab.leaderChanges();
    await lab.stage.worker.stop('SIGKILL');
    await delay(5_000);
    lab.stage.worker = await startWorker({ dir: lab.dir, temporal: lab.stage.temporal.address, name: 'worker-2' });
    await publisherRuns(lab.stage.worker);
    assert.deepEqual(await lab.leaderChanges(), before);
  });

  it('shows no agent a change of the leader when the only worker is frozen for 20 s', async () => {
    const before = await lab.leaderChanges();
    process.kill(lab.stage.worker.pid, 'SIGSTOP');
    await delay(20_000);
    process.kill(lab.stage.worker.pid, 'SIGCONT');
    await publisherRuns(lab.stage.worker);
    await delay(3_000);
    assert.deepEqual(await lab.leaderChanges(), before);
  });

  it('lets a second worker take over from a frozen one, and the first change nothing when it wakes', async () => {
    const before = await lab.leaderChanges();
    const first = lab.stage.worker;
    second = await startWorker({ dir: lab.dir, temporal: lab.stage.temporal.address, name: 'worker-3' });
    process.kill(first.pid, 'SIGSTOP');
    await publisherRuns(second);
    const mirrors = await lab.mirrors();
    process.kill(first.pid, 'SIGCONT');
    await delay(10_000);
    assert.deepEqual(await lab.mirrors(), mirrors, 'the mirrors are the same znodes of the same session');
    assert.deepEqual(await lab.leaderChanges(), before);
  });

  it('follows a failover after all that, and arrives', async () => {
    const old = await lab.leader();
    process.kill(lab.stage.lab.host(old).mainPid('mesos-master') ?? 0, 'SIGKILL');
    const next = await lab.leader(old);
    await lab.agentsFollow(next);
    await migration.approve('cut-over', 'ann', { patienceMs: 120_000 });
    await lab.completes(migration);
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    const seen = await lab.judged();
    assert.ok((seen.mirrorDelay?.changes ?? 0) >= 4, JSON.stringify(seen.mirrorDelay));
  });

  /** The publisher's activity is running on this worker, as Temporal knows. */
  async function publisherRuns(worker: WorkerProcess): Promise<void> {
    await until(async () => {
      const { raw } = await migration.handle.describe();
      const running = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'runPublisher');
      return (
        running?.lastWorkerIdentity?.endsWith(`:${worker.pid}`) === true &&
        running.lastHeartbeatTime !== null &&
        running.lastHeartbeatTime !== undefined
      );
    }, `the publisher runs on the worker with pid ${worker.pid}`);
  }
});
