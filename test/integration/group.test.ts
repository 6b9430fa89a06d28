import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import zookeeper from 'node-zookeeper-client';
import { Group } from '../../lab/mesos/zk/group.js';
import { MasterContender } from '../../lab/mesos/zk/contender.js';
import { MasterDetector } from '../../lab/mesos/zk/detector.js';
import { masterInfo, type MasterInfo } from '../../lab/mesos/zk/master-info.js';
import { NativeClient } from '../../lab/mesos/zk/native-client.js';
import { ReplicatedLog, replicaHandlers } from '../../lab/mesos/zk/replicated-log.js';
import { postingTransport } from '../../lab/mesos/zk/replica-transport.js';
import type { ZkUrl } from '../../lab/mesos/zk/zk-url.js';
import { startEnsemble, type Ensemble } from '../../lab/zookeeper/ensemble.js';
import { ZkProxy } from './zk-proxy.js';

const address = '127.23.0.1';
const proxyAddress = '127.23.0.9';
const clientPort = 23181;
const sessionTimeoutMs = 2000;

/** Resolves once `check` holds; the test's own limit is the patience. */
async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function urlAt(host: string, path: string, credentials: string | null = null): ZkUrl {
  return { servers: [{ address: host, port: clientPort }], path, credentials };
}

function infoOf(id: string): MasterInfo {
  return masterInfo({ ip: '10.0.0.1', port: 5050, hostname: 'm1', id, version: '1.11.0' });
}

describe('the ZooKeeper side of the miniature Mesos', function () {
  this.timeout(20_000);
  const dir = mkdtempSync(join(tmpdir(), 'zkferry-group-'));
  const proxy = new ZkProxy(proxyAddress, clientPort, address);
  const closing: { close(): void }[] = [];
  let ensemble: Ensemble;
  let admin: NativeClient;
  let tests = 0;
  let path = '';

  const start = (name: string, host: string): Promise<Ensemble> =>
    startEnsemble({
      dir: join(dir, name),
      addresses: [host],
      clientPort,
      quorumPort: 23288,
      electionPort: 23388,
      tickTimeMs: 500,
    });
  const keep = <T extends { close(): void }>(thing: T): T => {
    closing.push(thing);
    return thing;
  };
  const group = (host = address, credentials: string | null = null, timeoutMs = sessionTimeoutMs): Group =>
    keep(new Group({ url: urlAt(host, path, credentials), sessionTimeoutMs: timeoutMs }));
  const contender = (id: string, host = address): MasterContender => {
    const made = keep(new MasterContender(urlAt(host, path), sessionTimeoutMs));
    made.contend(infoOf(id));
    return made;
  };
  /** Leaders' ids as the detector tells them, null for none, `failed: …` for a failed detection. */
  const detector = (host = address): { told: (string | null)[]; detector: MasterDetector } => {
    const told: (string | null)[] = [];
    const made = keep(new MasterDetector(urlAt(host, path), sessionTimeoutMs));
    made.on('leader', (info) => told.push(info?.id ?? null));
    made.on('failed', (text) => told.push(`failed: ${text}`));
    made.on('fatal', (text) => told.push(`fatal: ${text}`));
    return { told, detector: made };
  };
  const put = (name: string, body: string): Promise<string> =>
    admin.create(`${path}/${name}`, Buffer.from(body), 'persistent');

  before(async () => {
    ensemble = await start('main', address);
    admin = new NativeClient(`${address}:${clientPort}`, 10_000);
    await once(admin, 'connected');
    await proxy.listen();
  });

  beforeEach(() => {
    path = `/test${++tests}`;
    proxy.mode = 'open';
    proxy.upstream = address;
  });

  afterEach(() => {
    for (const thing of closing.splice(0)) thing.close();
  });

  after(async () => {
    admin.close();
    proxy.close();
    await ensemble.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('creates the path with its ancestors and numbers members in the order they join', async () => {
    path = `${path}/deep/mesos`;
    const first = group();
    const a = await first.join(Buffer.from('a'), 'json.info');
    const b = await group().join(Buffer.from('b'), null);
    assert.deepEqual([a.number, b.number], [0, 1]);
    assert.deepEqual((await admin.children(path)).sort(), ['0000000001', 'json.info_0000000000']);
    await eventually(() => first.memberships?.length === 2);
    assert.equal((await first.data(b))?.toString(), 'b');
  });

  it('tells nothing of an empty group, then every change, and lets an owner cancel', async () => {
    const watching = group();
    const told: number[][] = [];
    watching.on('memberships', (members) => told.push(members.map(({ number }) => number)));
    await eventually(() => watching.memberships !== null);
    const owner = group();
    const member = await owner.join(Buffer.from('a'), null);
    await eventually(() => told.length === 1);
    assert.equal(await owner.cancel(member), true);
    assert.equal(await member.cancelled, true);
    assert.equal(await owner.cancel(member), false);
    await eventually(() => told.length === 2);
    assert.deepEqual(told, [[0], []]);
  });

  it('counts children by their last number, ignores other names, and orders by number alone', async () => {
    const watching = group();
    await eventually(() => watching.memberships !== null);
    for (const name of ['log_replicas', 'json.info_0000000007', 'foo_bar_3', '0000000012', 'x_99999999999']) {
      await put(name, '');
    }
    await eventually(() => watching.memberships?.length === 3);
    assert.deepEqual(
      watching.memberships?.map(({ number, label }) => [number, label]),
      [
        [3, 'foo'],
        [7, 'json.info'],
        [12, null],
      ],
    );
  });

  it('lets the lowest number lead and the next one follow when it goes', async () => {
    const first = contender('a');
    await once(first, 'contending');
    const { told } = detector();
    const second = contender('b');
    await once(second, 'contending');
    const third = contender('c');
    await once(third, 'contending');
    await eventually(() => told.length === 1);
    first.close();
    await eventually(() => told.length === 2);
    second.close();
    await eventually(() => told.length === 3);
    third.close();
    await eventually(() => told.length === 4);
    assert.deepEqual(told, ['a', 'b', 'c', null]);
  });

  it('keeps session and memberships through a loss shorter than the timeout', async () => {
    const watching = group(proxyAddress);
    const member = await watching.join(Buffer.from('a'), null);
    await eventually(() => watching.memberships?.length === 1);
    const session = watching.sessionId;
    const told: unknown[] = [];
    watching.on('memberships', (members) => told.push(members.map(({ number }) => number)));
    watching.on('expired', () => told.push('expired'));
    proxy.drop();
    // Only an answer through the same session, and a watch that still stands, prove that nothing was lost.
    const other = await group().join(Buffer.from('b'), null);
    await eventually(() => told.length > 0);
    assert.deepEqual(told, [[member.number, other.number]]);
    assert.equal(watching.sessionId, session);
  });

  it('expires by itself when the loss lasts, loses its memberships, and joins again under a new number', async () => {
    const watching = group(proxyAddress);
    const member = await watching.join(Buffer.from('a'), null);
    await eventually(() => watching.memberships?.length === 1);
    const session = watching.sessionId;
    const told: number[][] = [];
    watching.on('memberships', (members) => told.push(members.map(({ number }) => number)));
    const expired = once(watching, 'expired');
    proxy.cut();
    await expired;
    assert.equal(JSON.stringify(told), '[[]]');
    assert.equal(await member.cancelled, false);
    const again = watching.join(Buffer.from('a'), null);
    proxy.mode = 'open';
    assert.ok((await again).number > member.number);
    assert.notEqual(watching.sessionId, session);
    await eventually(() => told.at(-1)?.includes(member.number + 1) === true);
  });

  it('opens one handle after another while nobody answers', async () => {
    proxy.mode = 'cut';
    const watching = group(proxyAddress);
    await once(watching, 'expired');
    await once(watching, 'expired');
    proxy.mode = 'open';
    await watching.join(Buffer.from('a'), null);
  });

  it('notices a server that accepts and says nothing', async () => {
    const watching = group(proxyAddress);
    await watching.join(Buffer.from('a'), null);
    proxy.mode = 'deaf';
    await once(watching, 'expired');
  });

  it('may own two znodes when the reply to a create was lost', async () => {
    const joining = group(proxyAddress);
    await eventually(() => joining.memberships !== null);
    proxy.mode = 'deaf';
    const joined = joining.join(Buffer.from('twice'), 'json.info');
    await eventually(async () => (await admin.children(path)).length === 1);
    proxy.drop();
    proxy.mode = 'open';
    const member = await joined;
    assert.equal(member.number, 1);
    assert.deepEqual((await admin.children(path)).sort(), ['json.info_0000000000', 'json.info_0000000001']);
  });

  it('fails detection on a label that nobody knows, on bad JSON and on missing fields', async () => {
    await once(contender('a'), 'contending');
    await put('foo_-0000000001', '{}');
    const unknown = detector().told;
    await eventually(() => unknown.length === 1);
    assert.deepEqual(unknown, ["failed: Failed to parse data of unknown label 'foo'"]);
    await admin.remove(`${path}/foo_-0000000001`);

    await put('json.info_-0000000002', '{"id"');
    const broken = detector().told;
    await eventually(() => broken.length === 1);
    assert.match(broken[0] ?? '', /^failed: Failed to parse data into valid JSON: /);
    await admin.remove(`${path}/json.info_-0000000002`);

    await put('json.info_-0000000003', '{"id":"x","port":5050}');
    const missing = detector().told;
    await eventually(() => missing.length === 1);
    assert.match(missing[0] ?? '', /^failed: Failed to parse JSON into a valid MasterInfo protocol buffer: .*\bip\b/);
  });

  it('follows nobody when the lowest name is not padded', async () => {
    const { told } = detector();
    await eventually(async () => (await admin.exists(path)) && true);
    await put('json.info_0000000009', JSON.stringify(infoOf('nine')));
    await eventually(() => told.length === 1);
    await put('json.info_5', JSON.stringify(infoOf('five')));
    await eventually(() => told.length === 2);
    assert.deepEqual(told, ['nine', null]);
  });

  it('reads a body once, and takes a recreated number for the same member', async () => {
    await admin.create(path, Buffer.alloc(0), 'persistent');
    await put('json.info_0000000004', JSON.stringify(infoOf('four')));
    const { told } = detector(proxyAddress);
    await eventually(() => told.length === 1);
    // Until the other one has taken the number: a reconnect in between would see that nobody stands.
    proxy.cut();
    await admin.remove(`${path}/json.info_0000000004`);
    await put('json.info_0000000004', JSON.stringify(infoOf('impostor')));
    proxy.mode = 'open';
    await put('json.info_0000000002', JSON.stringify(infoOf('two')));
    await eventually(() => told.length === 2);
    assert.deepEqual(told, ['four', 'two']);
  });

  it('dies when the election path is deleted under it', async () => {
    const { told } = detector();
    await eventually(() => admin.exists(path));
    const watching = group();
    await eventually(() => watching.memberships !== null);
    const fatal = once(watching, 'fatal');
    await admin.remove(path);
    assert.deepEqual(await fatal, ['Unexpected ZooKeeper event']);
    await eventually(() => told.length === 1);
    assert.deepEqual(told, ['fatal: Unexpected ZooKeeper event']);
  });

  it('leaves the znode of a terminated process to the session timeout', async () => {
    const code = `
      import { MasterContender } from ${JSON.stringify(new URL('../../lab/mesos/zk/contender.js', import.meta.url).href)};
      const contender = new MasterContender(${JSON.stringify(urlAt(address, path))}, ${sessionTimeoutMs});
      contender.on('contending', () => console.log('contending'));
      contender.contend(${JSON.stringify(infoOf('ghost'))});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    const { told } = detector();
    await eventually(() => told.length === 1);
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await gone, [null, 'SIGTERM']);
    const terminatedAt = performance.now();
    assert.equal((await admin.children(path)).length, 1);
    await eventually(() => told.length === 2);
    assert.deepEqual(told, ['ghost', null]);
    assert.ok(performance.now() - terminatedAt > sessionTimeoutMs / 2);
  });

  describe('with credentials', () => {
    // The package's types call the field `perms`.
    const readable = (entry: zookeeper.ACL): string => {
      const { permission } = entry as unknown as { permission: number };
      return `${entry.id.scheme}:${entry.id.id.split(':')[0]}:${permission}`;
    };
    const acl = async (of: string): Promise<string[]> => {
      const client = zookeeper.createClient(`${address}:${clientPort}`);
      client.connect();
      try {
        return await new Promise((resolve, reject) => {
          client.getACL(of, (error, acls) => {
            if (error) reject(new Error(String(error)));
            else resolve(acls.map(readable).sort());
          });
        });
      } finally {
        client.close();
      }
    };

    it('lets everyone read and only the creator write, parents included', async () => {
      const owner = group(address, 'ferry:secret');
      const member = await owner.join(Buffer.from('a'), null);
      const expected = ['digest:ferry:31', 'world:anyone:1'];
      assert.deepEqual(await acl(path), expected);
      assert.deepEqual(await acl(`${path}/0000000000`), expected);

      const stranger = group();
      await eventually(() => stranger.memberships?.length === 1);
      assert.equal((await stranger.data(member))?.toString(), 'a');
      await assert.rejects(stranger.join(Buffer.from('b'), 'json.info'), {
        message: `Failed to create ephemeral node at '${path}/json.info_' in ZooKeeper: not authenticated`,
      });
      assert.equal((await group(address, 'ferry:secret').join(Buffer.from('c'), null)).number, 1);
    });

    it('tells a contender without them that it may not join', async () => {
      await group(address, 'ferry:secret').join(Buffer.from('a'), null);
      const [text] = (await once(contender('b'), 'failed')) as [string];
      assert.equal(text, `Failed to create ephemeral node at '${path}/json.info_' in ZooKeeper: not authenticated`);
    });

    it('aborts when not even the path can be made', async () => {
      await group(address, 'ferry:secret').join(Buffer.from('a'), null);
      path = `${path}/below`;
      const refused = group();
      const [text] = (await once(refused, 'aborted')) as [string];
      assert.equal(text, `Failed to create '${path}' in ZooKeeper: not authenticated`);
      await assert.rejects(refused.join(Buffer.from('b'), null), { message: text });
    });

    it('keeps the same hours as without them', async () => {
      const watching = group(proxyAddress, 'ferry:secret');
      await watching.join(Buffer.from('a'), null);
      await eventually(() => watching.memberships?.length === 1);
      const session = watching.sessionId;
      const told: unknown[] = [];
      watching.on('expired', () => told.push('expired'));
      watching.on('memberships', (members) => told.push(members.map(({ number }) => number)));
      proxy.drop();
      await group(address, 'ferry:secret').join(Buffer.from('b'), null);
      await eventually(() => told.length > 0);
      assert.deepEqual(told, [[0, 1]]);
      assert.equal(watching.sessionId, session);
      proxy.mode = 'deaf';
      await once(watching, 'expired');
      proxy.mode = 'open';
      await watching.join(Buffer.from('c'), null);
      await eventually(() => told.length > 2);
      assert.deepEqual(told.slice(1, 3), [[], 'expired']);
    });
  });

  describe('when another ensemble takes the place of the old one', () => {
    const otherAddress = '127.23.0.2';
    let other: Ensemble;

    before(async () => {
      other = await start('other', otherAddress);
      // Far above what the newcomer reaches by these tests.
      for (let i = 0; i < 200; i++) await admin.create('/raise-', Buffer.alloc(0), 'ephemeralSequential');
    });

    after(() => other.stop());

    const timesSaid = (by: Ensemble, text: string): number =>
      readFileSync(by.servers[0]?.logFile ?? '', 'utf8').split(text).length - 1;
    const switchTo = (host: string): void => {
      proxy.upstream = host;
      proxy.drop();
    };

    for (const credentials of [null, 'ferry:secret']) {
      it(`heals by its own timer when the zxid is lower${credentials ? ', with credentials too' : ''}`, async () => {
        const watching = group(proxyAddress, credentials);
        await watching.join(Buffer.from('a'), null);
        await eventually(() => watching.memberships?.length === 1);
        const session = watching.sessionId;
        const told: unknown[] = [];
        watching.on('memberships', (members) => told.push(members.length));
        watching.on('expired', () => told.push('expired'));
        const refusedBefore = timesSaid(other, 'Refusing session request');
        switchTo(otherAddress);
        await eventually(() => told.length >= 2);
        assert.deepEqual(told.slice(0, 2), [0, 'expired']);
        await watching.join(Buffer.from('c'), null);
        assert.ok(timesSaid(other, 'Refusing session request') > refusedBefore, 'no server refused the session');
        assert.equal(timesSaid(other, `Invalid session 0x${session}`), 0, 'the server knew the session to be invalid');
      });
    }

    it('is told of its expiry at once when the zxid is higher', async () => {
      proxy.upstream = otherAddress;
      const watching = group(proxyAddress, null, 8000);
      await watching.join(Buffer.from('a'), null);
      const session = watching.sessionId;
      const expired = once(watching, 'expired');
      switchTo(address);
      await expired;
      await watching.join(Buffer.from('b'), null);
      assert.equal(timesSaid(ensemble, `Invalid session 0x${session}`), 1, 'the server never saw the old session');
      assert.equal(timesSaid(ensemble, 'Refusing session request'), 0, 'the server refused a session');
    });
  });

  describe('the replicated log', () => {
    const logs = new Map<string, ReplicatedLog>();
    /** Calls the handlers of the log with that address, as the masters' HTTP servers do. */
    const peers = postingTransport((at, verb, body) => {
      const log = logs.get(at);
      const handler = log ? replicaHandlers(log)[verb] : undefined;
      if (!handler) return Promise.reject(new Error(`nobody at ${at}`));
      return Promise.resolve(JSON.stringify(handler(JSON.parse(body))));
    });
    const open = (host: string, folder = host): ReplicatedLog => {
      const at = `${host}:5050`;
      const self = `log-replica(1)@${at}`;
      const logDir = join(dir, `log${tests}`, folder);
      const made = keep(
        new ReplicatedLog({ url: urlAt(address, path), sessionTimeoutMs, quorum: 2, self, dir: logDir, peers }),
      );
      logs.set(at, made);
      return made;
    };
    const close = (host: string): void => {
      logs.get(`${host}:5050`)?.close();
      logs.delete(`${host}:5050`);
    };
    const openThree = async (): Promise<ReplicatedLog[]> => {
      const made = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => open(host));
      await eventually(() => made.every((log) => log.ensembleSize === 3 && log.recovered));
      return made;
    };

    afterEach(() => logs.clear());

    it('starts a new cluster only when all replicas are empty and present', async () => {
      const [a, b] = [open('10.0.0.1'), open('10.0.0.2')];
      await eventually(() => a.ensembleSize === 2 && b.ensembleSize === 2);
      await assert.rejects(a.fetch(1500), { message: 'Failed to perform fetch within 1.5secs' });
      assert.deepEqual([a.recovered, b.recovered], [false, false]);
      const c = open('10.0.0.3');
      await eventually(() => [a, b, c].every(({ recovered }) => recovered));
      assert.equal(await a.fetch(5000), null);
    });

    it('keeps the registry at a quorum, across writers and restarts', async () => {
      const [a] = await openThree();
      assert.equal(await a?.fetch(5000), null);
      await a?.store('one', 5000);
      await a?.store('two', 5000);
      close('10.0.0.1');
      const again = open('10.0.0.1');
      assert.equal(again.recovered, true);
      assert.equal(await again.fetch(5000), 'two');
    });

    it('fences a writer whose successor has taken over', async () => {
      const [a, b] = await openThree();
      await a?.fetch(5000);
      await a?.store('old', 5000);
      assert.equal(await b?.fetch(5000), 'old');
      await assert.rejects(a?.store('late', 5000) ?? Promise.resolve(), { message: 'version mismatch' });
      await b?.store('new', 5000);
      assert.equal(await b?.fetch(5000), 'new');
    });

    it('does nothing without a quorum, however healthy its own replica is', async () => {
      const [a] = await openThree();
      await a?.fetch(5000);
      close('10.0.0.2');
      close('10.0.0.3');
      await eventually(() => a?.ensembleSize === 1);
      await assert.rejects(a?.store('alone', 1000) ?? Promise.resolve(), {
        message: 'Failed to perform store within 1secs',
      });
    });

    it('lets an empty replica learn from those that vote', async () => {
      const [a] = await openThree();
      await a?.fetch(5000);
      await a?.store('kept', 5000);
      close('10.0.0.3');
      await eventually(() => a?.ensembleSize === 2);
      const fresh = open('10.0.0.3', 'fresh');
      await eventually(() => fresh.recovered);
      assert.equal(await fresh.fetch(5000), 'kept');
    });

    it('lists its replica again when its session was lost', async () => {
      const log = keep(
        new ReplicatedLog({
          url: urlAt(proxyAddress, path),
          sessionTimeoutMs,
          quorum: 1,
          self: 'log-replica(1)@10.0.0.9:5050',
          dir: join(dir, 'renewed'),
          peers,
        }),
      );
      const listed = async (): Promise<string[]> => admin.children(`${path}/log_replicas`).catch(() => []);
      await eventually(async () => (await listed()).length === 1);
      const [first] = await listed();
      proxy.cut();
      await eventually(async () => (await listed()).length === 0);
      assert.equal(log.ensembleSize, 1);
      proxy.mode = 'open';
      await eventually(async () => (await listed()).length === 1);
      assert.notDeepEqual(await listed(), [first]);
    });
  });
});
