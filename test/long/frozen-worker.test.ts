import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Migration } from '../../lab/stage/migration.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { until } from '../e2e/lab-facts.js';
import { ObserversLab } from '../e2e/observers-lab.js';

const observers = ['observer1', 'observer2', 'observer3'];
const late = 'observer1';

/**
 * Two workers; the one that has just sent "start observer1 on target" is frozen by SIGSTOP, while the
 * script stands at its host's lock. The other worker turns the window back. Then the script goes on.
 */
describe('a frozen worker that wakes after turn-back with a start on target in hand', function () {
  this.timeout(400_000);
  let lab: ObserversLab;
  let migration: Migration;
  let workers: readonly WorkerProcess[] = [];
  let frozen: WorkerProcess | null = null;
  let generation = '';
  let journalled = 0;

  before(async () => {
    lab = await ObserversLab.start();
    const second = await startWorker({ dir: lab.dir, temporal: lab.stage.temporal.address, name: 'worker-2' });
    workers = [lab.stage.worker, second];
    migration = await lab.atCutOver();
  });
  after(async () => {
    if (frozen) process.kill(frozen.pid, 'SIGCONT');
    await workers[1]?.stop('SIGKILL');
    await lab?.stop();
  });

  it('leaves the way back to the other worker, which ends it with source restored', async () => {
    const { stoppedAt } = await lab.openWindow(migration);
    await until(() => lab.lab.host(late).mainPid('zookeeper') === null, `${late} is stopped`, { everyMs: 2 });
    stallNextScript();
    const window = await until(async () => {
      const { raw } = await migration.handle.describe();
      return raw.pendingChildren?.find(({ workflowTypeName }) => workflowTypeName === 'cutOver')?.workflowId ?? null;
    }, 'the window runs');
    const child = lab.stage.client.workflow.getHandle(window);
    frozen = await until(
      async () => {
        if (!existsSync(at('stalled'))) return null;
        const { raw } = await child.describe();
        const flip = raw.pendingActivities?.find(
          ({ activityType, lastWorkerIdentity, attempt }) =>
            activityType?.name === 'flipObserver' && attempt === 1 && lastWorkerIdentity !== '',
        );
        return workers.find(({ pid }) => flip?.lastWorkerIdentity?.endsWith(`:${String(pid)}`)) ?? null;
      },
      `a worker has sent the start of ${late} on target`,
      { everyMs: 20 },
    );
    process.kill(frozen.pid, 'SIGSTOP');
    await child.cancel();
    const { leaderlessMs } = await lab.outageSince(stoppedAt);
    assert.ok(leaderlessMs < 75_000, `without a leader for ${String(leaderlessMs)} ms`);
    const status = await migration.until((s) => s.state === 'awaiting-decision');
    assert.match(status.waitingFor?.what ?? '', /the window turned back/);
    for (const observer of observers) assert.equal(lab.standing(observer), 'source');
    await lab.mastersWhole();
  });

  it('changes nothing by the start that comes late: same generation, no start, no stop, no flip', async () => {
    assert.ok(frozen);
    generation = generationOf(late);
    journalled = (await lab.supervised({ hosts: observers })).length;
    const setAside = lab.setAside(late);
    assert.ok(existsSync(at('stalled')) && !existsSync(at('went-on')), 'the late script still stands at the lock');
    lab.lab.host(late).write('root/go-on', '');
    await until(() => existsSync(at('ended')), 'the late script ends');
    process.kill(frozen.pid, 'SIGCONT');
    // Both workers are needed for what follows, so the woken one has caught up by then.
    await lab.mastersWhole();
    // A script that is not fenced writes its own generation there first of all.
    assert.equal(generationOf(late), generation);
    assert.equal((await lab.supervised({ hosts: observers })).length, journalled);
    assert.equal(lab.standing(late), 'source');
    assert.deepEqual(lab.setAside(late), setAside);
  });

  it('goes on with both workers, and arrives', async () => {
    const { incidents } = await migration.status();
    const open = incidents.find(({ closedAt }) => closedAt === null);
    await migration.say('decide', { incident: open?.id, action: 'retry', by: 'ann' });
    await migration.approve('cut-over', 'ann', { patienceMs: 120_000 });
    await lab.completes(migration);
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  function at(name: string): string {
    return lab.lab.host(late).path(`root/${name}`);
  }

  function generationOf(observer: string): string {
    return lab.lab.host(observer).read(`var/lib/zkferry/${lab.lab.json.cluster}/generation`);
  }

  /**
   * The next script that takes the host's lock waits before it, once. What every script does right
   * before its effect is exactly this, so its fence is asked only when it goes on.
   */
  function stallNextScript(): void {
    const host = lab.lab.host(late);
    host.write('root/stall', '');
    host.write(
      'usr/bin/flock',
      [
        '#!/bin/sh',
        `if mv "${at('stall')}" "${at('stalled')}" 2> /dev/null; then`,
        `  ( while kill -0 "$PPID" 2> /dev/null; do sleep 0.05; done; : > "${at('ended')}" ) > /dev/null 2>&1 9>&- &`,
        `  while [ ! -e "${at('go-on')}" ]; do sleep 0.05; done`,
        `  : > "${at('went-on')}"`,
        'fi',
        'exec /usr/bin/flock "$@"',
        '',
      ].join('\n'),
      0o755,
    );
  }
});
