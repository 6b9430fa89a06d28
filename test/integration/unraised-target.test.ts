import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { startEnsemble, type Ensemble } from '../../lab/zookeeper/ensemble.js';
import { MiniCluster, until } from './mini-cluster.js';
import { ZkProxy } from './zk-proxy.js';

/** All of Mesos' durations at 0.3: sessions of 3 s. */
const FACTOR = 0.3;

/**
 * What the raise of the epoch (S16) spares a cluster. Source is a quorum, so its epoch is 1; target
 * stands alone, so its is 0. A proxy takes the observers' place: the switch costs no time, so that
 * every session is still alive when its client meets target.
 */
describe('a target whose epoch is below that of source', function () {
  this.timeout(90_000);
  let dir: string;
  let source: Ensemble;
  let target: Ensemble;
  let proxy: ZkProxy;
  let cluster: MiniCluster;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-unraised-'));
    const subnet = await freeSubnet();
    const start = (name: string, hosts: readonly number[]) =>
      startEnsemble({
        dir: join(dir, name),
        addresses: hosts.map((host) => `${subnet}.${String(host)}`),
        tickTimeMs: 300,
      });
    source = await start('source', [1, 2, 3]);
    target = await start('target', [4]);
    proxy = new ZkProxy(`${subnet}.9`, 2181, `${subnet}.1`);
    await proxy.listen();
    cluster = new MiniCluster(join(dir, 'mini'), subnet, `zk://${subnet}.9:2181/mesos`, FACTOR);
    cluster.master(1, 1);
    cluster.agent(1);
    cluster.framework();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.printLogs();
  });
  after(async () => {
    await cluster?.stopAll();
    proxy?.close();
    await target?.stop();
    await source?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('refuses agent and framework until each gives its session up by its own timer', async () => {
    await cluster.awaitLeader();
    const bothRun = async () => (await cluster.runningTasks('m1')).length === 2;
    await until('both tasks run', bothRun);
    const [agents, tasks] = [await cluster.agents('m1'), cluster.taskPids('a1')];
    const clients = ['a1', 'f1'];
    const before = new Map(['m1', ...clients].map((name) => [name, cluster.log(name).length]));
    const since = (name: string): string => cluster.log(name).slice(before.get(name));
    const saidByTarget = (): string => readFileSync(target.servers[0]?.logFile ?? '', 'utf8');
    assert.doesNotMatch(saidByTarget(), /Refusing session request/);

    proxy.upstream = target.servers[0]?.address ?? '';
    proxy.drop();
    // It led and lost its session; its supervisor would start it again.
    await cluster.exit('m1');
    cluster.master(1, 1);
    await cluster.awaitLeader();
    await until('the agent is back', async () => 'a1' in (await cluster.agents('m1')));
    assert.deepEqual(await cluster.agents('m1'), agents);
    await until('both tasks run', bothRun);
    assert.deepEqual(cluster.taskPids('a1'), tasks);

    const refusals = saidByTarget().match(
      /Refusing session request for client .* as it has seen zxid 0x1[0-9a-f]{8} /g,
    );
    assert.ok((refusals?.length ?? 0) >= clients.length, saidByTarget());
    for (const name of clients) {
      const session = /Forcing ZooKeeper session \(sessionId=(?:0x)?([0-9a-f]+)\) expiration/.exec(since(name))?.[1];
      assert.ok(session, `${name} did not give its session up by itself`);
      assert.ok(!saidByTarget().includes(`Invalid session 0x${session}`), `target told ${name} of its expiry`);
    }
  });
});
