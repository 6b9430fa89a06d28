import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkpoint } from '../../lab/mesos/agent/checkpoint.js';
import { Executor } from '../../lab/mesos/agent/executor.js';
import { startTicksOf } from '../../lab/mesos/agent/process-table.js';
import { StatusUpdates } from '../../lab/mesos/agent/status-updates.js';
import type { FrameworkInfo, StatusUpdate, TaskInfo } from '../../lab/mesos/messages.js';

const framework: FrameworkInfo = {
  id: 'F',
  name: 'f',
  user: 'root',
  hostname: 'h',
  principal: null,
  failoverTimeoutSecs: 0,
  checkpoint: true,
  partitionAware: false,
};
const task: TaskInfo & { containerId: string } = {
  frameworkId: 'F',
  taskId: 'T',
  name: 't',
  agentId: 'S0',
  resources: '',
  state: 'TASK_STAGING',
  containerId: 'C',
};
const update = (uuid: string): StatusUpdate => ({
  frameworkId: 'F',
  taskId: 'T',
  agentId: 'S0',
  state: 'TASK_RUNNING',
  uuid,
  message: '',
  containerId: 'C',
  timestamp: 1,
});
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the miniature agent', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mini-agent-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const start = (checkpoint: boolean, recoveryTimeoutMs: number, onEnd: () => void = () => undefined): Executor =>
    Executor.start({ fifo: join(dir, 'fifo'), sandbox: dir, checkpoint, recoveryTimeoutMs, env: {} }, onEnd);
  const recover = ({ pid, startTicks }: Executor, onEnd: () => void = () => undefined): Executor =>
    Executor.recover({ pid, startTicks, fifo: join(dir, 'fifo') }, onEnd);

  it('remembers its id and its runs, up to a line that a crash cut short', () => {
    const checkpoint = new Checkpoint(dir);
    assert.equal(checkpoint.readAgent(), null);
    const info = { id: 'S0', hostname: 'h', port: 1, resources: '', attributes: '', checkpoint: true };
    checkpoint.writeAgent(info);
    assert.deepEqual(new Checkpoint(dir).readAgent(), info);

    const runDir = checkpoint.runDir('S0', task);
    checkpoint.writeRun(runDir, framework, task);
    checkpoint.writePid(runDir, 42, 7);
    checkpoint.appendUpdate(runDir, 'T', { type: 'UPDATE', update: update('u1') });
    appendFileSync(join(runDir, 'tasks', 'T', 'task.updates'), '{"type":"ACK","uu');
    const [run] = checkpoint.readRuns('S0');
    assert.equal(run?.pid, 42);
    assert.equal(run.startTicks, 7);
    assert.deepEqual(run.updates, [{ type: 'UPDATE', update: update('u1') }]);

    checkpoint.writeSentinel(runDir);
    assert.deepEqual(checkpoint.readRuns('S0'), []);
  });

  it('delivers updates one at a time, only while it has a master', () => {
    const sent: string[] = [];
    const updates = new StatusUpdates(({ uuid }) => sent.push(uuid));
    updates.add(update('u1'));
    updates.add(update('u2'));
    assert.deepEqual(sent, []);
    updates.resume();
    assert.deepEqual(sent, ['u1']);
    assert.equal(updates.acknowledge(update('u2'), 'u2'), null);
    assert.equal(updates.acknowledge(update('u1'), 'u1')?.uuid, 'u1');
    assert.deepEqual(sent, ['u1', 'u2']);
    updates.pause();
    updates.resume();
    assert.deepEqual(sent, ['u1', 'u2', 'u2']);
    updates.pause();
  });

  it('starts a task that outlives its agent and can be taken up again', async () => {
    const first = start(true, 60_000);
    assert.equal(await first.connect(2000), true);
    assert.equal(startTicksOf(first.pid), first.startTicks);
    first.abandon();
    let ended = false;
    const second = recover(first, () => (ended = true));
    assert.equal(await second.connect(2000), true);
    assert.equal(second.runs(), true);
    second.kill();
    await until(() => ended);
    assert.equal(startTicksOf(first.pid), null);
  });

  it('lets a task end by itself when no agent comes back in time', async () => {
    let ended = false;
    const executor = start(true, 50, () => (ended = true));
    await executor.connect(2000);
    executor.abandon();
    await until(() => ended);
  });

  it('ends a task without checkpoint as soon as its agent is gone', async () => {
    let ended = false;
    const executor = start(false, 60_000, () => (ended = true));
    await executor.connect(2000);
    executor.abandon();
    await until(() => ended);
  });

  it('does not take another process for a task of old', () => {
    const stranger = Executor.recover({ pid: process.pid, startTicks: 1, fifo: join(dir, 'none') }, () => undefined);
    assert.equal(stranger.runs(), false);
    stranger.kill();
  });
});
