import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { startEnsemble, type Ensemble } from '../../lab/zookeeper/ensemble.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';
import { alive, MiniCluster, until } from './mini-cluster.js';

/** All of Mesos' durations at 0.3: sessions of 3 s. */
const FACTOR = 0.3;
const SOURCE = '/source';
const TARGET = '/target';
const PUBLISHER = 'publisher:a-key-of-the-test';
const CREATE = 4;
const ALL = 31;

const open: readonly Acl[] = [{ permissions: ALL, scheme: 'world', id: 'anyone' }];
const digest = createHash('sha1').update(PUBLISHER).digest('base64');
/** S3: anyone but the publisher has lost CREATE. */
const closed: readonly Acl[] = [
  { permissions: ALL - CREATE, scheme: 'world', id: 'anyone' },
  { permissions: ALL, scheme: 'digest', id: `publisher:${digest}` },
];

/** Source and target are two paths of one ensemble here: to a process of Mesos its path is its whole world. */
describe('the miniature Mesos under dual publishing', function () {
  this.timeout(90_000);
  let dir: string;
  let ensemble: Ensemble | undefined;
  let cluster: MiniCluster;
  let publisher: ZnodeSession;
  let agentIds: Record<string, string>;
  let pids: Record<string, number>;

  const zk = (path: string): string => `zk://${ensemble?.connectString}${path}`;
  const taskPids = (): Record<string, number> => ({ ...cluster.taskPids('a1'), ...cluster.taskPids('a2') });
  /** Hostname of each contender below a path → name of its znode. */
  const contenders = async (path: string): Promise<Record<string, string>> => {
    const names = ((await publisher.children(path)) ?? []).filter((name) => name.startsWith('json.info_'));
    const bodies = await Promise.all(names.map((name) => publisher.read(`${path}/${name}`)));
    const hostnames = bodies.map(
      (body) => (JSON.parse(body?.data.toString() ?? '{}') as { hostname: string }).hostname,
    );
    return Object.fromEntries(hostnames.map((hostname, nth) => [hostname, names[nth] ?? '']));
  };
  const mirror = async (name: string): Promise<void> => {
    const original = await publisher.read(`${SOURCE}/${name}`);
    assert.ok(original, `${name} stands in source`);
    await publisher.create(`${TARGET}/${name}`, original.data, open, 'ephemeral');
  };
  /** Makes the parents and hands out the first `count` numbers of the election to nobody. */
  const prepare = async (path: string, count: number, election: readonly Acl[], log: readonly Acl[]): Promise<void> => {
    await publisher.create(path, Buffer.alloc(0), open, 'persistent');
    await publisher.create(`${path}/log_replicas`, Buffer.alloc(0), log, 'persistent');
    for (let used = 1; used < count; used += 1) {
      await publisher.create(`${path}/raise_counter`, Buffer.alloc(0), open, 'persistent');
      await publisher.remove(`${path}/raise_counter`);
    }
    await publisher.setAcl(path, election);
  };
  /** The number that the next sequential child gets (Z 8). */
  const counterOf = async (path: string): Promise<number> => {
    const { cversion = NaN, numChildren = NaN } = (await publisher.read(path)) ?? {};
    return (cversion + numChildren) / 2;
  };
  const masterOf = async (agent: string): Promise<unknown> =>
    (await cluster.json(agent, '/slave(1)/state'))?.['master_hostname'];
  const assertNothingLost = async (leader: string): Promise<void> => {
    await until('both agents are back', async () => Object.keys(await cluster.agents(leader)).length === 2);
    assert.deepEqual(await cluster.agents(leader), agentIds);
    await until('all tasks run', async () => (await cluster.runningTasks(leader)).length === 4);
    assert.deepEqual(await cluster.runningTasks(leader), Object.keys(pids).sort());
    assert.deepEqual(taskPids(), pids);
    assert.ok(Object.values(pids).every(alive));
    await until('the framework is back', async () => (await cluster.json('f1', '/state'))?.['connected'] === true);
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-mini-dual-'));
    const subnet = await freeSubnet();
    ensemble = await startEnsemble({ dir: join(dir, 'zk'), addresses: [`${subnet}.1`], tickTimeMs: 300 });
    const servers = ensemble.servers.map(({ address, clientPort }) => ({ name: 'zk', address, clientPort }));
    const options = { credentials: PUBLISHER, timeoutMs: 10_000 };
    publisher = await new ZookeeperStore().connect(servers, options, AbortSignal.timeout(10_000));
    cluster = new MiniCluster(join(dir, 'mini'), subnet, zk(SOURCE), FACTOR);
    for (const n of [1, 2, 3]) cluster.master(n, 2);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.printLogs();
  });
  after(async () => {
    await cluster?.stopAll();
    await publisher?.close();
    await ensemble?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('registers agents and schedulers through the mirrors of contenders that stand elsewhere', async () => {
    const leader = await cluster.awaitLeader();
    await until('all contend', async () => Object.keys(await contenders(SOURCE)).length === 3);
    await prepare(TARGET, 60, closed, open);
    for (const name of Object.values(await contenders(SOURCE)).sort()) await mirror(name);
    for (const n of [1, 2]) cluster.agent(n, [], zk(TARGET));
    cluster.framework([], zk(TARGET));
    await until('four tasks run', async () => (await cluster.runningTasks(leader)).length === 4);
    agentIds = await cluster.agents(leader);
    pids = taskPids();
    assert.deepEqual(Object.keys(agentIds).sort(), ['a1', 'a2']);
    assert.deepEqual([await masterOf('a1'), await masterOf('a2')], [leader, leader]);
  });

  it('turns a master away from a closed door, with exit code 1 and without moving the counter, as often as it comes', async () => {
    const [leader, counter] = [await cluster.awaitLeader(), await counterOf(TARGET)];
    assert.equal(counter, 63);
    for (const time of [1, 2]) {
      cluster.master(4, 2, [], zk(TARGET));
      assert.deepEqual(await cluster.exit('m4'), { code: 1, signal: null });
      const refusals = cluster
        .log('m4')
        .match(
          /EXIT with status 1: Failed to contend: Failed to create ephemeral node at '\/target\/json\.info_' in ZooKeeper: not authenticated$/gm,
        );
      assert.equal(refusals?.length, time);
      assert.equal(await counterOf(TARGET), counter);
    }
    assert.deepEqual(new Set(cluster.journal('m4').map(({ event }) => event)), new Set(['started', 'exiting']));
    assert.deepEqual(await contenders(TARGET), await contenders(SOURCE));
    await assertNothingLost(leader);
  });

  it('ends a master before it leads when the door of the log is closed, too, whichever it tries first', async () => {
    const replicas = () => publisher.children(`${TARGET}/log_replicas`);
    await until('what the refused masters left there is gone', async () => (await replicas())?.length === 0);
    await publisher.setAcl(`${TARGET}/log_replicas`, closed);
    cluster.master(5, 2, [], zk(TARGET));
    const { code, signal } = await cluster.exit('m5');
    const text =
      signal === 'SIGABRT'
        ? /Failed to participate in ZooKeeper group: Failed to create ephemeral node at '\/target\/log_replicas\/' in ZooKeeper: not authenticated/
        : /Failed to contend: .*'\/target\/json\.info_' in ZooKeeper: not authenticated/;
    assert.ok(code === 1 || signal === 'SIGABRT', `${String(code)} ${String(signal)}`);
    assert.match(cluster.log('m5'), text);
    assert.ok(!cluster.journal('m5').some(({ event }) => event === 'elected'));
    assert.deepEqual(await replicas(), []);
  });

  it('exits with 1, again and again, where a child bears the number that it would get', async () => {
    // The parent of the log took number 0, so the mirror takes the place of number 1 in the count and number 2 in name.
    await prepare('/clash', 1, open, open);
    const [body] = await Promise.all(
      Object.values(await contenders(SOURCE)).map((name) => publisher.read(`${SOURCE}/${name}`)),
    );
    await publisher.create('/clash/json.info_0000000002', body?.data ?? Buffer.alloc(0), open, 'ephemeral');
    for (const time of [1, 2]) {
      cluster.master(6, 2, [], zk('/clash'));
      assert.deepEqual(await cluster.exit('m6'), { code: 1, signal: null });
      const clashes = cluster
        .log('m6')
        .match(
          /Failed to contend: Failed to create ephemeral node at '\/clash\/json\.info_' in ZooKeeper: node exists$/gm,
        );
      assert.equal(clashes?.length, time);
      assert.equal(await counterOf('/clash'), 2);
    }
  });

  it('sends agents to a standby that ignores them while its mirror is the lowest, and back without a loss', async () => {
    const leader = await cluster.awaitLeader();
    const { [leader]: name = '', ...others } = await contenders(TARGET);
    const [standby = ''] = Object.keys(others).sort((a, b) => ((others[a] ?? '') < (others[b] ?? '') ? -1 : 1));
    const dropped = async () => (await cluster.metric(standby, 'master/dropped_messages')) ?? 0;
    const before = await dropped();
    await publisher.remove(`${TARGET}/${name}`);
    await until('agents follow the standby', async () => (await dropped()) > before);
    assert.equal(await cluster.metric(standby, 'master/elected'), 0);
    assert.equal(await cluster.metric(leader, 'master/elected'), 1);
    assert.ok(Object.values(pids).every(alive));
    await mirror(name);
    await assertNothingLost(leader);
    assert.equal(await cluster.leader(), leader);
  });

  it('lets agents and schedulers follow the next mirror as soon as that of a dead leader is gone', async () => {
    const old = await cluster.awaitLeader();
    const { [old]: name = '' } = await contenders(TARGET);
    await cluster.stop(old, 'SIGKILL');
    const leader = await cluster.awaitLeader(old);
    assert.deepEqual([await masterOf('a1'), await masterOf('a2')], [old, old]);
    await publisher.remove(`${TARGET}/${name}`);
    await assertNothingLost(leader);
    assert.deepEqual([await masterOf('a1'), await masterOf('a2')], [leader, leader]);
    cluster.master(Number(old.slice(1)), 2);
    await until('it stands again', async () => Object.keys(await contenders(SOURCE)).length === 3);
    await mirror((await contenders(SOURCE))[old] ?? '');
  });

  it('lets a standby whose znode somebody deletes stand again, and ends a leader', async () => {
    const leader = await cluster.awaitLeader();
    const { [leader]: own = '', ...standing } = await contenders(SOURCE);
    const [standby = '', name = ''] = Object.entries(standing)[0] ?? [];
    await publisher.remove(`${SOURCE}/${name}`);
    await until(
      'the standby stands anew',
      async () => ![undefined, name].includes((await contenders(SOURCE))[standby]),
    );
    assert.match(cluster.log(standby), /Lost candidacy as a follower\.\.\. Contend again/);
    assert.equal(await cluster.leader(), leader);

    await publisher.remove(`${SOURCE}/${own}`);
    assert.deepEqual(await cluster.exit(leader), { code: 1, signal: null });
    assert.match(
      cluster.log(leader),
      /EXIT with status 1: (Lost candidacy as a leader|Lost leadership after indecisive election|Conceded leadership to another master)\.\.\. committing suicide!/,
    );
    const next = await cluster.awaitLeader(leader);
    for (const mirrored of Object.values(await contenders(TARGET))) await publisher.remove(`${TARGET}/${mirrored}`);
    for (const found of Object.values(await contenders(SOURCE)).sort()) await mirror(found);
    await assertNothingLost(next);
  });

  it('makes a master that comes through an open door a standby behind the mirrors', async () => {
    const leader = await cluster.awaitLeader();
    await publisher.setAcl(TARGET, open);
    await publisher.setAcl(`${TARGET}/log_replicas`, open);
    cluster.master(7, 2, [], zk(TARGET));
    await until('it stands', async () => (await contenders(TARGET))['m7'] !== undefined);
    await until('it knows who leads', () => cluster.log('m7').includes('The newly elected leader is'));
    // In its first tenth of a second a master answers 404 to everything (M 1.5).
    await until('it answers', async () => (await cluster.metric('m7', 'master/elected')) !== null);
    assert.equal(await cluster.metric('m7', 'master/elected'), 0);
    assert.equal((await cluster.get('m7', '/redirect')).location, `//${leader}:5050`);
    const numbers = Object.values(await contenders(TARGET)).map((name) => Number(name.slice(-10)));
    assert.equal(Math.max(...numbers), Number((await contenders(TARGET))['m7']?.slice(-10)));
    await assertNothingLost(leader);
  });
});
