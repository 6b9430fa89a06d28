import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ports } from '../../activities/ports.js';
import { ownerPath, readOwner } from '../../activities/publishing/owner-znode.js';
import { createPublisherActivities } from '../../activities/publishing/publisher-activities.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import { Publisher, type PublisherStanding } from '../../activities/publishing/publisher.js';
import { lockPath } from '../../activities/reach/marker.js';
import { ownSessions } from '../../activities/reach/own-sessions.js';
import { freeSubnet } from '../../lab/free-subnet.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import { digestId } from '../../src/domain/digest-id.js';
import { nextSequence } from '../../src/domain/election.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';
import { OPEN } from '../fakes/fake-znode-store.js';
import { aConfig } from '../fakes/plans.js';
import { type SeverableProxy, startProxy } from './severable-proxy.js';

const never = new AbortController().signal;
const migration = 'm1';
const electionPath = '/mesos';
const SOURCE_SESSION_MS = 4_000;
const TARGET_SESSION_MS = 6_000;
const TICK_MS = 500;
const masterLogin = 'mesos:secret';
const masterAcl: readonly Acl[] = [
  { permissions: 1, scheme: 'world', id: 'anyone' },
  { permissions: 31, scheme: 'digest', id: digestId(masterLogin) },
];

describe('the publisher between two ensembles', function () {
  this.timeout(60_000);
  const store = new ZookeeperStore();
  const ports = {
    store,
    secrets: (reference: string | null) =>
      Promise.resolve(reference === null ? null : reference === 'env:SOURCE' ? masterLogin : 'p'.repeat(32)),
  } as unknown as Ports;
  const activities = createPublisherActivities(ports);
  const running: Running[] = [];
  let dir: string;
  let ensembles: Ensemble[];
  let proxies: { source: SeverableProxy[]; target: SeverableProxy[] };
  /** Straight to the servers, and through links that can be cut. */
  let direct: ClusterConfig;
  let linked: ClusterConfig;
  let source: ZnodeSession;
  let target: ZnodeSession;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-publisher-'));
    const subnet = await freeSubnet();
    const start = (name: string, hosts: readonly number[], sessionMs: number) =>
      startEnsemble({
        dir: join(dir, name),
        addresses: hosts.map((host) => `${subnet}.${String(host)}`),
        tickTimeMs: TICK_MS,
        extra: { maxSessionTimeout: String(sessionMs) },
      });
    ensembles = await Promise.all([
      start('source', [1], SOURCE_SESSION_MS),
      start('target', [2, 3, 4], TARGET_SESSION_MS),
    ]);
    const link = (host: number) =>
      startProxy(
        { address: `${subnet}.${String(host + 10)}`, port: 2181 },
        { address: `${subnet}.${String(host)}`, port: 2181 },
      );
    proxies = { source: await Promise.all([1].map(link)), target: await Promise.all([2, 3, 4].map(link)) };
    const config = aConfig();
    const [template] = config.source.servers as [ServerConfig];
    const servers = (hosts: readonly number[]): ServerConfig[] =>
      hosts.map((host) => ({
        ...template,
        name: `s${String(host)}`,
        address: `${subnet}.${String(host)}`,
        clientPort: 2181,
      }));
    const between = (sources: readonly number[], targets: readonly number[]): ClusterConfig => ({
      ...config,
      electionPath,
      source: { servers: servers(sources) },
      target: { ...config.target, servers: servers(targets) },
      credentials: { source: 'env:SOURCE', target: null, mesos: null, publisher: 'env:PUBLISHER' },
    });
    direct = between([1], [2, 3, 4]);
    linked = between([11], [12, 13, 14]);
    const { identity } = await publisherKey(ports, direct);
    source = await store.connect(direct.source.servers, { credentials: masterLogin, timeoutMs: 10_000 }, never);
    target = await store.connect(
      direct.target.servers,
      { credentials: null, moreCredentials: [identity], timeoutMs: 10_000 },
      never,
    );
    // The door of target is closed: nobody but the publisher may create there.
    const closed = [
      { permissions: 27, scheme: 'world', id: 'anyone' },
      { permissions: 31, scheme: 'digest', id: digestId(identity) },
    ];
    await source.create(electionPath, Buffer.alloc(0), OPEN, 'persistent');
    await source.create(`${electionPath}/log_replicas`, Buffer.alloc(0), OPEN, 'persistent');
    await source.create(lockPath(direct.cluster), Buffer.alloc(0), OPEN, 'persistent');
    await target.create(electionPath, Buffer.alloc(0), closed, 'persistent');
  });

  after(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await Promise.all([source.close(), target.close()]);
    await Promise.all([...proxies.source, ...proxies.target].map((proxy) => proxy.close()));
    await Promise.all(ensembles.map((ensemble) => ensemble.stop()));
    await rm(dir, { recursive: true, force: true });
  });

  /** Steps until it is stopped. */
  interface Running {
    readonly publisher: Publisher;
    /** How it ended. */
    readonly ended: Promise<string>;
    stop(): Promise<void>;
    /** Neither steps nor lets go any more, as a worker that is frozen. */
    freeze(): Promise<void>;
  }

  async function publish(token: string): Promise<Running> {
    const options = { ports, config: linked, migration, token, signal: never, now: () => performance.now() };
    const publisher = await Publisher.create({ ...options, wake: () => undefined });
    let on = true;
    const ended = (async () => {
      while (on) {
        try {
          lastStanding = await publisher.step();
        } catch (error) {
          return (error as { code?: string }).code ?? String(error);
        }
        await delay(50);
      }
      return 'stopped';
    })();
    const one: Running = {
      publisher,
      ended,
      async stop() {
        on = false;
        await ended;
        await publisher.letGo();
      },
      async freeze() {
        on = false;
        await ended;
      },
    };
    running.push(one);
    return one;
  }

  const nameOf = (number: number): string => `json.info_${String(number).padStart(10, '0')}`;

  async function stand(number: number): Promise<ZnodeSession> {
    const master = await store.connect(direct.source.servers, { credentials: masterLogin, timeoutMs: 10_000 }, never);
    const body = { id: `id-${String(number)}`, ip: 16777226, pid: 'master@10.0.0.1:5050', port: 5050 };
    await master.create(`${electionPath}/${nameOf(number)}`, Buffer.from(JSON.stringify(body)), masterAcl, 'ephemeral');
    return master;
  }

  /** Children of target's election path with their creation and owner, lowest first. */
  async function mirrors(): Promise<{ name: string; czxid: bigint; owner: string }[]> {
    await target.commit([{ do: 'check', path: '/' }]);
    const names = ((await target.children(electionPath)) ?? []).sort();
    const found = await Promise.all(
      names.map(async (name) => {
        const znode = await target.read(`${electionPath}/${name}`);
        return znode && { name, czxid: znode.czxid, owner: znode.ephemeralOwner };
      }),
    );
    return found.filter((one) => one !== null);
  }

  /** Waits until target shows these, and nothing else; returns how long that took. */
  async function awaitMirrors(numbers: readonly number[], patienceMs = 20_000): Promise<number> {
    const begunAt = performance.now();
    const wanted = numbers.map(nameOf).join();
    for (;;) {
      const seen = (await mirrors()).map(({ name }) => name).join();
      const afterMs = performance.now() - begunAt;
      if (seen === wanted) return afterMs;
      if (afterMs > patienceMs) assert.equal(seen, wanted, JSON.stringify(lastStanding));
      await delay(20);
    }
  }

  const masters: ZnodeSession[] = [];
  let lastStanding: PublisherStanding | null = null;
  let first: Running;

  it('raises the counter above every number in source, exactly and once, behind the closed door', async () => {
    for (const number of [40, 41, 42]) masters.push(await stand(number));
    const step = { config: direct, migration, generation: 1 };
    assert.deepEqual(await activities.raiseCounter(step), { counter: 1043, highestInSource: 42 });
    assert.deepEqual(await activities.raiseCounter(step), { counter: 1043, highestInSource: 42 });
    assert.deepEqual(await mirrors(), []);
    const parent = await target.read(electionPath);
    assert.ok(parent);
    assert.equal(nextSequence(parent), 1043);
  });

  it('mirrors every contender with the same body, and with its ACL from the first moment', async () => {
    const step = { config: direct, migration, generation: 1 };
    await activities.preparePublisher(step);
    await activities.preparePublisher(step);
    const watcher = await store.connectHeld(
      direct.target.servers,
      { credentials: masterLogin, timeoutMs: 10_000, sessionTimeoutMs: 4_000 },
      never,
    );
    const seen = new Promise<(readonly Acl[] | null)[]>((resolve, reject) => {
      const look = async (): Promise<void> => {
        const names = (await watcher.children(electionPath)) ?? [];
        resolve(await Promise.all(names.map((name) => watcher.acl(`${electionPath}/${name}`))));
      };
      void watcher.children(electionPath, () => void look().catch(reject));
    });
    first = await publish('a1');
    assert.deepEqual(await seen, [masterAcl, masterAcl, masterAcl]);
    assert.equal((await activities.awaitMirrored({ ...step, patienceMs: 10_000 })).mirrored, 3);
    for (const number of [40, 41, 42]) {
      const path = `${electionPath}/${nameOf(number)}`;
      assert.deepEqual((await target.read(path))?.data, (await source.read(path))?.data);
    }
    await watcher.close();
  });

  it('signs its session in at source and keeps the session of the mirrors in the owner znode', async () => {
    assert.equal((await ownSessions(source, direct)).size, 1);
    const owner = await readOwner(ports, direct, target);
    assert.equal(owner?.owner, 'a1');
    assert.ok(owner.version >= 1);
    const session = `0x${BigInt(`0x${owner.session?.id ?? ''}`).toString(16)}`;
    assert.deepEqual(new Set((await mirrors()).map((one) => one.owner)), new Set([session]));
    const stranger = await store.connect(direct.target.servers, { credentials: null, timeoutMs: 10_000 }, never);
    await stranger.commit([{ do: 'check', path: '/' }]);
    await assert.rejects(stranger.read(ownerPath(direct.cluster)), { reason: 'NO_AUTH' });
    await stranger.close();
  });

  it('takes a mirror away as soon as its original goes, and adds newcomers behind', async () => {
    await masters.shift()?.close();
    masters.push(await stand(43));
    await awaitMirrors([41, 42, 43]);
  });

  it('changes nothing in target when a worker is replaced, and fences a frozen owner for good', async () => {
    const before = await mirrors();
    await first.freeze();
    const second = await publish('a2');
    await awaitOwner('a2');
    masters.push(await stand(44));
    await awaitMirrors([41, 42, 43, 44]);
    await masters.pop()?.close();
    await awaitMirrors([41, 42, 43]);
    // What the frozen one last saw is wrong by now; awake again, it must not act on it.
    // Its first round may end with the loss of its connection, which the other one has taken.
    const awake = async (): Promise<void> => {
      for (let round = 0; round < 20; round += 1) await first.publisher.step();
    };
    for (let time = 0; time < 2; time += 1) {
      await assert.rejects(awake(), { code: 'FERRY_PUBLISHER_FENCED', retryable: false });
    }
    await first.publisher.letGo();
    assert.deepEqual(await mirrors(), before);
    await second.freeze();
    await second.publisher.letGo();
    first = await publish('a3');
    await awaitOwner('a3');
    await settled();
    assert.deepEqual(await mirrors(), before);
  });

  it('withdraws all mirrors at once and publishes again on demand, with the publisher alive or dead', async () => {
    const step = { config: direct, migration, generation: 1 };
    const paths = [41, 42, 43].map((number) => `${electionPath}/${nameOf(number)}`);
    assert.deepEqual((await activities.withdrawMirrors(step)).withdrawn, paths);
    assert.deepEqual((await activities.withdrawMirrors(step)).withdrawn, []);
    await settled();
    assert.deepEqual(await mirrors(), []);
    await activities.resumePublishing(step);
    await activities.resumePublishing(step);
    await awaitMirrors([41, 42, 43]);
    await first.freeze();
    await first.publisher.letGo();
    assert.deepEqual((await activities.withdrawMirrors(step)).withdrawn, paths);
    first = await publish('a4');
    await awaitOwner('a4');
    await settled();
    assert.deepEqual(await mirrors(), []);
    await activities.resumePublishing(step);
    await awaitMirrors([41, 42, 43]);
  });

  it('withdraws its mirrors within the session timeout when it is cut off from source', async () => {
    for (const proxy of proxies.source) proxy.sever();
    const afterMs = await awaitMirrors([]);
    for (const proxy of proxies.source) proxy.mend();
    assert.ok(afterMs < SOURCE_SESSION_MS, `${String(afterMs)} ms`);
    assert.ok(afterMs > SOURCE_SESSION_MS / 3, `${String(afterMs)} ms: it gave up too early`);
    await awaitMirrors([41, 42, 43]);
  });

  it('makes the truth again after it was cut off from target for longer than its session lives', async () => {
    const [before] = await mirrors();
    for (const proxy of proxies.target) proxy.sever();
    await awaitMirrors([], TARGET_SESSION_MS + 4 * TICK_MS);
    await masters.shift()?.close();
    masters.push(await stand(44));
    for (const proxy of proxies.target) proxy.mend();
    await awaitMirrors([42, 43, 44]);
    const owner = await readOwner(ports, direct, target);
    const [now] = await mirrors();
    assert.notEqual(now?.owner, before?.owner);
    assert.equal(now?.owner, `0x${BigInt(`0x${owner?.session?.id ?? ''}`).toString(16)}`);
  });

  it('keeps its session over a cut from target that is shorter, and catches up', async () => {
    const before = await mirrors();
    for (const proxy of proxies.target) proxy.sever();
    await masters.pop()?.close();
    await delay(1_000);
    for (const proxy of proxies.target) proxy.mend();
    await awaitMirrors([42, 43]);
    assert.deepEqual(await mirrors(), before.slice(0, 2));
  });

  it('removes the publisher and all it made, even while it runs', async () => {
    const step = { config: direct, migration, generation: 1 };
    await activities.removePublisher({ ...step, migration: 'another' });
    assert.equal((await mirrors()).length, 2);
    await activities.removePublisher(step);
    await activities.removePublisher(step);
    assert.deepEqual(await mirrors(), []);
    await target.commit([{ do: 'check', path: '/' }]);
    assert.equal(await target.read(ownerPath(direct.cluster)), null);
    assert.equal(await first.ended, 'FERRY_PUBLISHER_FENCED');
    await first.stop();
    assert.deepEqual(await mirrors(), []);
    await Promise.all(masters.splice(0).map((master) => master.close()));
  });

  async function awaitOwner(token: string): Promise<void> {
    for (const end = performance.now() + 10_000; performance.now() < end; await delay(20)) {
      await target.commit([{ do: 'check', path: '/' }]);
      if ((await readOwner(ports, direct, target))?.owner === token) return;
    }
    assert.fail(`${token} did not take over`);
  }

  /** Long enough for several rounds of the publisher: what it would do wrong, it has done. */
  function settled(): Promise<void> {
    return delay(500);
  }
});
