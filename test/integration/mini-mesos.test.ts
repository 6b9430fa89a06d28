import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { startEnsemble, type Ensemble } from '../../lab/zookeeper/ensemble.js';
import { alive, MiniCluster, taskProcessExists, until } from './mini-cluster.js';
import { createMirror, readLeaderBody } from './mirror.js';

/** All of Mesos' durations at 0.3: sessions of 3 s, pings of 4.5 s × 5. */
const FACTOR = 0.3;
const SESSION_MS = 10_000 * FACTOR;
const AGENTS = ['a1', 'a2'] as const;

describe('the miniature Mesos', function () {
  this.timeout(90_000);
  let dir: string;
  let subnet: string;
  let ensemble: Ensemble | undefined;
  let cluster: MiniCluster;
  let agentIds: Record<string, string>;
  let pids: Record<string, number>;
  let frameworkId: unknown;

  const zk = (path: string): string => `zk://${ensemble?.connectString}${path}`;
  const taskPids = (): Record<string, number> =>
    Object.assign({}, ...AGENTS.map((agent) => cluster.taskPids(agent))) as Record<string, number>;
  const masters = (): string[] => ['m1', 'm2', 'm3'].filter((name) => cluster.runs(name));
  const allMastersSeeEachOther = (): Promise<void> =>
    until('ensemble_size 3 on every master', async () => {
      const sizes = await Promise.all(masters().map((name) => cluster.metric(name, 'registrar/log/ensemble_size')));
      return sizes.length === 3 && sizes.every((size) => size === 3);
    });
  const frameworkConnected = (): Promise<void> =>
    until('the framework is connected', async () => (await cluster.json('f1', '/state'))?.['connected'] === true);
  /** The promise of every switch: the same agents, the same tasks in the same processes, the same framework. */
  const assertNothingLost = async (leader: string): Promise<void> => {
    await until('both agents are back', async () => Object.keys(await cluster.agents(leader)).length === 2);
    assert.deepEqual(await cluster.agents(leader), agentIds);
    await until('all tasks run', async () => (await cluster.runningTasks(leader)).length === 4);
    assert.deepEqual(await cluster.runningTasks(leader), Object.keys(pids).sort());
    assert.deepEqual(taskPids(), pids);
    assert.ok(Object.values(pids).every(alive));
    await frameworkConnected();
    assert.equal((await cluster.json('f1', '/state'))?.['frameworkId'], frameworkId);
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-mini-'));
    subnet = await freeSubnet();
    ensemble = await startEnsemble({ dir: join(dir, 'zk'), addresses: [`${subnet}.1`], tickTimeMs: 300 });
    cluster = new MiniCluster(join(dir, 'mini'), subnet, zk('/mesos'), FACTOR);
    for (const n of [1, 2, 3]) cluster.master(n, 2);
    for (const n of [1, 2]) cluster.agent(n);
    cluster.framework();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.printLogs();
  });
  after(async () => {
    await cluster?.stopAll();
    await ensemble?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('elects a master, recovers the registry, registers agents and runs the tasks of the framework', async () => {
    const leader = await cluster.awaitLeader();
    await until('four tasks run', async () => (await cluster.runningTasks(leader)).length === 4);
    agentIds = await cluster.agents(leader);
    pids = taskPids();
    frameworkId = (await cluster.json('f1', '/state'))?.['frameworkId'];
    assert.deepEqual(Object.keys(agentIds).sort(), [...AGENTS]);
    assert.equal(Object.keys(pids).length, 4);
    assert.match(String(frameworkId), /-0000$/);
    assert.equal(await cluster.metric(leader, 'master/slave_registrations'), 2);
    assert.equal(typeof (await cluster.metric(leader, 'registrar/state_fetch_ms')), 'number');
    await allMastersSeeEachOther();
    assert.deepEqual(
      cluster.journal(leader).map(({ event }) => event),
      ['started', 'elected', 'recovered'],
    );
    const { slaves } = (await cluster.json(leader, '/slaves')) as { slaves: Record<string, unknown>[] };
    assert.equal(
      slaves.some((slave) => 'reregistered_time' in slave),
      false,
    );
  });

  it('answers as leader, standby and agent do over HTTP', async () => {
    const leader = await cluster.awaitLeader();
    const standby = masters().find((name) => name !== leader) ?? '';
    for (const name of [leader, standby]) {
      assert.equal((await cluster.get(name, '/health')).status, 200);
      assert.deepEqual(await cluster.get(name, '/redirect'), { status: 307, body: '', location: `//${leader}:5050` });
      assert.equal((await cluster.get(name, '/state.json')).status, 404);
      const { flags } = (await cluster.json(name, '/master/flags')) as { flags: Record<string, string> };
      assert.equal(flags['agent_ping_timeout'], '4.5secs');
      assert.equal(flags['zk'], zk('/mesos'));
    }
    assert.equal((await cluster.get(standby, '/slaves')).location, `//${leader}:5050/master/slaves`);
    assert.deepEqual(await cluster.json(standby, '/registrar(1)/registry'), {});
    const flagsCall = await cluster.get(standby, '/api/v1', { method: 'POST', body: '{"type":"GET_FLAGS"}' });
    assert.equal(flagsCall.status, 307);
    const metricsCall = await cluster.get(leader, '/api/v1', { method: 'POST', body: '{"type":"GET_METRICS"}' });
    assert.deepEqual([metricsCall.status, /Expecting 'get_metrics' to be present/.test(metricsCall.body)], [400, true]);
    const agents = await cluster.get(leader, '/api/v1', { method: 'POST', body: '{"type":"GET_AGENTS"}' });
    assert.equal((JSON.parse(agents.body) as { get_agents: { agents: unknown[] } }).get_agents.agents.length, 2);
    const state = await cluster.json('a1', '/slave(1)/state');
    assert.equal(state?.['master_hostname'], leader);
    assert.equal(state?.['id'], agentIds['a1']);
    const [framework] = state?.['frameworks'] as { executors: { container: string; tasks: { id: string }[] }[] }[];
    assert.equal(framework?.executors.length, 2);
    assert.ok(framework.executors.every(({ container, tasks }) => container !== '' && tasks.length === 1));
  });

  it('keeps agents, tasks and framework when its leader is killed', async () => {
    const old = await cluster.awaitLeader();
    await cluster.stop(old, 'SIGKILL');
    const leader = await cluster.awaitLeader(old);
    await assertNothingLost(leader);
    assert.equal(await cluster.metric(leader, 'master/slave_registrations'), 0);
    assert.equal(await cluster.metric(leader, 'master/slave_removals'), 0);
    assert.deepEqual((await cluster.json(leader, '/slaves'))?.['recovered_slaves'], []);
    cluster.master(Number(old.slice(1)), 2);
    await allMastersSeeEachOther();
  });

  it('keeps id and task processes of an agent that restarts, and says 503 while it recovers', async () => {
    const leader = await cluster.awaitLeader();
    const before = await cluster.metric(leader, 'master/slave_reregistrations');
    assert.deepEqual(await cluster.stop('a1', 'SIGTERM'), { code: null, signal: 'SIGTERM' });
    await until('the leader sees it go', async () => !('a1' in (await cluster.agents(leader))), 2000);
    cluster.agent(1);
    let recovering = false;
    await until('the agent has recovered', async () => {
      const answer = await cluster.get('a1', '/state').catch(() => null);
      recovering ||= answer?.status === 503 && answer.body === 'Agent has not finished recovery';
      return answer?.status === 200;
    });
    assert.equal(recovering, true);
    await assertNothingLost(leader);
    assert.equal(await cluster.metric(leader, 'master/slave_reregistrations'), before);
    assert.equal(await cluster.metric('a1', 'slave/registered'), 1);
    const { slaves } = (await cluster.json(leader, '/slaves?slave_id=' + agentIds['a1'])) as {
      slaves: Record<string, unknown>[];
    };
    assert.deepEqual(
      slaves.map((slave) => typeof slave['reregistered_time']),
      ['number'],
    );
  });

  it('refuses to recover an agent whose resources changed, and takes it back with the old ones', async () => {
    await cluster.stop('a2', 'SIGKILL');
    cluster.agent(2, ['--resources=cpus:64']);
    assert.deepEqual(await cluster.exit('a2'), { code: 1, signal: null });
    assert.match(cluster.log('a2'), /EXIT with status 1: Failed to perform recovery: Incompatible agent info detected/);
    cluster.agent(2);
    await assertNothingLost(await cluster.awaitLeader());
  });

  it('lets the ghost of a leader that restarts at once lead until its session expires', async () => {
    const old = await cluster.awaitLeader();
    await cluster.stop(old, 'SIGTERM');
    const stoppedAt = performance.now();
    cluster.master(Number(old.slice(1)), 2);
    const leader = await cluster.awaitLeader();
    const leaderless = performance.now() - stoppedAt;
    assert.ok(leaderless > SESSION_MS * 0.6, `a leader after ${Math.round(leaderless)} ms`);
    await assertNothingLost(leader);
    await allMastersSeeEachOther();
  });

  it('keeps framework id and tasks when the scheduler restarts', async () => {
    const leader = await cluster.awaitLeader();
    await cluster.stop('f1', 'SIGKILL');
    await until(
      'the leader sees it go',
      async () => (await cluster.metric(leader, 'master/frameworks_disconnected')) === 1,
    );
    cluster.framework();
    await assertNothingLost(leader);
    assert.equal(await cluster.metric(leader, 'master/frameworks_active'), 1);
  });

  it('marks a dead agent unreachable after its pings and takes it back with all its tasks', async () => {
    const leader = await cluster.awaitLeader();
    const before = (await cluster.metric(leader, 'master/slave_reregistrations')) ?? 0;
    await cluster.stop('a1', 'SIGKILL');
    const diedAt = performance.now();
    await until('it is inactive', async () => (await cluster.metric(leader, 'master/slaves_inactive')) === 1, 2000);
    await until(
      'it is unreachable',
      async () => (await cluster.metric(leader, 'master/slaves_unreachable')) === 1,
      40_000,
    );
    const missing = (performance.now() - diedAt) / FACTOR;
    assert.ok(missing > 70_000 && missing < 95_000, `${Math.round(missing)} ms of Mesos' time`);
    assert.equal(await cluster.metric(leader, 'master/slave_removals'), 1);
    assert.equal(await cluster.metric(leader, 'master/tasks_unreachable'), 2);
    cluster.agent(1);
    await assertNothingLost(leader);
    assert.equal(await cluster.metric(leader, 'master/slave_reregistrations'), before + 1);
  });

  it('unregisters an agent on SIGUSR1, kills its tasks, and knows it by the same id when it returns', async () => {
    const leader = await cluster.awaitLeader();
    const gone = cluster.taskPids('a1');
    assert.deepEqual(await cluster.stop('a1', 'SIGUSR1'), { code: 0, signal: null });
    assert.equal(Object.values(gone).some(alive), false);
    assert.deepEqual(Object.keys(await cluster.agents(leader)), ['a2']);
    cluster.agent(1);
    await until('it is back with new tasks', async () => (await cluster.runningTasks(leader)).length === 4);
    assert.deepEqual(await cluster.agents(leader), agentIds);
    assert.equal(
      Object.keys(cluster.taskPids('a1')).some((id) => id in gone),
      false,
    );
  });

  it('kills the tasks of a framework without failover timeout as soon as its scheduler is gone', async () => {
    const leader = await cluster.awaitLeader();
    await cluster.stop('f1', 'SIGKILL');
    cluster.framework(['--failover_timeout_secs=0']);
    await frameworkConnected();
    const before = Object.values(taskPids());
    assert.equal(before.length, 4);
    await cluster.stop('f1', 'SIGKILL');
    await until('every task is dead', () => !before.some(alive), 5000);
    assert.match(cluster.log(leader), /Framework failover timeout, removing framework/);
    cluster.framework(['--failover_timeout_secs=0']);
    assert.deepEqual(await cluster.exit('f1'), { code: 1, signal: null });
    assert.match(cluster.log('f1'), /Framework has been removed/);
  });

  it('loses the tasks of a framework without checkpointing when their agent stops', async () => {
    const leader = await cluster.awaitLeader();
    cluster.framework(['--checkpoint=false', '--name=fragile', `--work_dir=${dir}/fragile`]);
    await until('its tasks run', async () => (await cluster.runningTasks(leader)).length === 4);
    const before = (await cluster.metric(leader, 'master/tasks_lost')) ?? 0;
    const { frameworks } = (await cluster.json('a1', '/state')) as { frameworks: { executors: { id: string }[] }[] };
    const lost = frameworks.flatMap(({ executors }) => executors.map(({ id }) => id));
    assert.equal(lost.length, 2);
    await cluster.stop('a1', 'SIGTERM');
    await until('they are lost', async () => (await cluster.metric(leader, 'master/tasks_lost')) === before + 2, 2000);
    await until('no process of theirs is left', () => lost.every((id) => !taskProcessExists(id)), 5000);
    cluster.agent(1);
    await until('others run in their place', async () => (await cluster.runningTasks(leader)).length === 4);
    await cluster.stop('f1', 'SIGKILL');
  });

  it('kills the tasks of a framework that follows a second leader, through the first one', async () => {
    // Agents stay with the real leader; the framework finds it through a mirror that a stray master undercuts.
    const leader = await cluster.awaitLeader();
    const idle = await cluster.runningTasks(leader);
    const body = await readLeaderBody(zk('/mesos'));
    const mirror = await createMirror(zk('/mirror'), 'json.info_0000000051', body);
    try {
      cluster.framework(['--failover_timeout_secs=0', '--name=mirrored', `--work_dir=${dir}/mirrored`], zk('/mirror'));
      await until('its tasks run', async () => (await cluster.runningTasks(leader)).length === idle.length + 4);
      const tasks = Object.values(taskPids());
      assert.equal(tasks.length, 4);
      cluster.master(4, 2, [], zk('/mirror'));
      await until('the stray master claims to lead', async () => (await cluster.metric('m4', 'master/elected')) === 1);
      assert.equal(await cluster.metric(leader, 'master/elected'), 1);
      await until('every task is dead', () => !tasks.some(alive), 5000);
    } finally {
      mirror();
      await cluster.stop('m4', 'SIGKILL');
      await cluster.stop('f1', 'SIGKILL');
    }
  });

  it('does not start with the same flag twice', async () => {
    cluster.master(5, 2, ['--quorum=2']);
    assert.deepEqual(await cluster.exit('m5'), { code: 1, signal: null });
    assert.match(cluster.log('m5'), /^Flag 'quorum' is already loaded via name 'quorum'$/m);
  });

  it('leads with credentials from a file while its agent has none, and shows only the path of the file', async () => {
    const file = join(dir, 'zk-url');
    const url = zk('/guarded');
    await writeFile(file, `${url.replace('zk://', 'zk://mesos:secret@')}\n`);
    cluster.master(8, 1, [], `file://${file}`);
    cluster.agent(8, [], url);
    await until('the agent is registered', async () => (await cluster.metric('m8', 'master/slaves_active')) === 1);
    const { flags } = (await cluster.json('m8', '/flags')) as { flags: Record<string, string> };
    assert.equal(flags['zk'], file);
    assert.doesNotMatch(cluster.log('m8'), /secret/);
    await cluster.stop('a8', 'SIGKILL');
    await cluster.stop('m8', 'SIGKILL');
  });

  it('gives agents up that do not come back to a new leader, or exits when they are too many', async () => {
    await cluster.stopAll();
    // Ten minutes become 12 s; what must not shrink with them is said in flags.
    const steady = ['--zk_session_timeout=3secs', '--registry_fetch_timeout=15secs', '--registry_store_timeout=15secs'];
    const clusters = ['mild', 'strict'].map((name) => new MiniCluster(join(dir, name), subnet, zk(`/${name}`), 0.02));
    const [mild, strict] = clusters as [MiniCluster, MiniCluster];
    const start = (): void => {
      mild.master(6, 1, steady);
      strict.master(7, 1, [...steady, '--recovery_agent_removal_limit=0%']);
    };
    try {
      start();
      mild.agent(6, steady.slice(0, 1));
      strict.agent(7, steady.slice(0, 1));
      await until('both agents are registered', async () => {
        const counts = [
          await mild.metric('m6', 'master/slaves_active'),
          await strict.metric('m7', 'master/slaves_active'),
        ];
        return counts.every((count) => count === 1);
      });
      for (const [each, n] of [
        [mild, 6],
        [strict, 7],
      ] as const) {
        await each.stop(`a${n}`, 'SIGKILL');
        await each.stop(`m${n}`, 'SIGKILL');
      }
      start();
      await mild.awaitLeader();
      const { recovered_slaves } = (await mild.json('m6', '/slaves')) as { recovered_slaves: unknown[] };
      assert.equal(recovered_slaves.length, 1);
      await until(
        'it is given up',
        async () => (await mild.metric('m6', 'master/recovery_slave_removals')) === 1,
        30_000,
      );
      assert.equal(await mild.metric('m6', 'master/slaves_unreachable'), 1);
      assert.deepEqual(await strict.exit('m7'), { code: 1, signal: null });
      assert.match(strict.log('m7'), /Post-recovery agent removal limit exceeded!/);
    } finally {
      for (const each of clusters) await each.stopAll();
    }
  });

  it('looks healthy as a lone leader that cannot recover, except over v1, and aborts at its time limit', async () => {
    await cluster.stopAll();
    const lonely = new MiniCluster(join(dir, 'lonely'), subnet, zk('/lonely'), FACTOR);
    try {
      lonely.master(5, 2);
      lonely.agent(5);
      await until('it is elected', async () => (await lonely.metric('m5', 'master/elected')) === 1);
      const v1 = await lonely.get('m5', '/api/v1', { method: 'POST', body: '{"type":"GET_HEALTH"}' });
      assert.deepEqual([v1.status, v1.body], [503, 'Master has not finished recovery']);
      const state = await lonely.json('m5', '/state');
      assert.deepEqual([state?.['slaves'], state?.['recovered_slaves']], [[], []]);
      assert.equal(await lonely.metric('m5', 'registrar/state_fetch_ms'), null);
      assert.equal(await lonely.metric('m5', 'registrar/log/ensemble_size'), 1);
      await until(
        'it drops what the agent sends',
        async () => ((await lonely.metric('m5', 'master/dropped_messages')) ?? 0) > 0,
      );
      assert.deepEqual(await lonely.exit('m5'), { code: null, signal: 'SIGABRT' });
      const text = /Recovery failed: Failed to recover registrar: Failed to perform fetch within 18secs/;
      assert.match(lonely.log('m5'), text);
      assert.deepEqual(
        lonely.journal('m5').map(({ event }) => event),
        ['started', 'elected', 'exiting'],
      );
    } finally {
      await lonely.stopAll();
    }
  });
});
