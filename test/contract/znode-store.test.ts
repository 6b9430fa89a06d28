import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type { ZnodeSession, ZnodeStore } from '../../src/ports/znode-store.js';
import { digestId, FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';

const never = new AbortController().signal;

interface Subject {
  readonly store: ZnodeStore;
  readonly servers: readonly ServerAddress[];
  stop(): Promise<void>;
}

function znodeStoreContract(name: string, start: () => Promise<Subject>): void {
  describe(`a znode store (${name})`, function () {
    this.timeout(60_000);
    let subject: Subject;
    const sessions: ZnodeSession[] = [];
    const open = async (credentials: string | null = null): Promise<ZnodeSession> => {
      const session = await subject.store.connect(subject.servers, { credentials, timeoutMs: 10_000 }, never);
      sessions.push(session);
      return session;
    };

    before(async () => {
      subject = await start();
    });
    afterEach(async () => {
      await Promise.all(sessions.splice(0).map((session) => session.close()));
    });
    after(() => subject.stop());

    it('creates, reads, lists, overwrites and removes a znode', async () => {
      const session = await open();
      assert.match(session.sessionId, /^0x[0-9a-f]+$/);
      assert.equal(await session.create('/a', Buffer.from('one'), OPEN, 'persistent'), '/a');
      assert.equal(await session.create('/a', Buffer.from('two'), OPEN, 'persistent'), null);
      assert.equal(await session.create('/a/b', Buffer.alloc(0), OPEN, 'persistent'), '/a/b');
      await session.setData('/a', Buffer.from('three'));
      const znode = await session.read('/a');
      assert.equal(znode?.data.toString(), 'three');
      assert.equal(znode?.ephemeralOwner, '0x0');
      assert.equal(znode?.numChildren, 1);
      assert.deepEqual(await session.children('/a'), ['b']);
      assert.equal((await session.read('/a/b'))?.data.length, 0);
      await assert.rejects(session.remove('/a'), { code: 'FERRY_ZNODE', reason: 'NOT_EMPTY' });
      assert.equal(await session.remove('/a/b'), true);
      assert.equal(await session.remove('/a'), true);
    });

    it('answers null or false for a znode that is not there, and refuses to write it', async () => {
      const session = await open();
      assert.equal(await session.read('/none'), null);
      assert.equal(await session.children('/none'), null);
      assert.equal(await session.acl('/none'), null);
      assert.equal(await session.remove('/none'), false);
      await assert.rejects(session.setData('/none', Buffer.from('x')), { code: 'FERRY_ZNODE', reason: 'NO_NODE' });
      await assert.rejects(session.create('/none/child', Buffer.from('x'), OPEN, 'persistent'), { reason: 'NO_NODE' });
    });

    it('lets an ephemeral znode go with its session and names its owner', async () => {
      const [owner, other] = [await open(), await open()];
      await owner.create('/e', Buffer.from('x'), OPEN, 'ephemeral');
      assert.equal((await other.read('/e'))?.ephemeralOwner, owner.sessionId);
      await owner.close();
      assert.equal(await other.read('/e'), null);
    });

    it('creates with the ACL given, so that no moment leaves the znode open', async () => {
      const acl = [
        { permissions: 31, scheme: 'digest', id: digestId('ferry:secret') },
        { permissions: 1, scheme: 'world', id: 'anyone' },
      ];
      const [ferry, stranger] = [await open('ferry:secret'), await open('ferry:wrong')];
      await ferry.create('/guarded', Buffer.from('x'), acl, 'persistent');
      assert.deepEqual(await ferry.acl('/guarded'), acl);
      assert.equal((await stranger.read('/guarded'))?.data.toString(), 'x');
      await assert.rejects(stranger.setData('/guarded', Buffer.from('y')), { reason: 'NO_AUTH', retryable: false });
      await assert.rejects(stranger.create('/guarded/c', Buffer.from('y'), OPEN, 'persistent'), { reason: 'NO_AUTH' });
      await ferry.setAcl('/guarded', OPEN);
      await stranger.setData('/guarded', Buffer.from('y'));
      await ferry.remove('/guarded');
    });

    it('counts the creates under a parent, from which sequence numbers come', async () => {
      const session = await open();
      await session.create('/p', Buffer.alloc(0), OPEN, 'persistent');
      for (const name of ['x', 'y']) await session.create(`/p/${name}`, Buffer.alloc(0), OPEN, 'persistent');
      await session.remove('/p/x');
      const znode = await session.read('/p');
      assert.ok(znode);
      assert.equal((znode.cversion + znode.numChildren) / 2, 2);
    });

    it('refuses every call after it was closed', async () => {
      const session = await open();
      await session.close();
      await assert.rejects(session.read('/'), { code: 'FERRY_ZNODE', reason: 'CLOSED' });
    });

    it('says so when no server takes a session in time', async () => {
      const servers = [{ name: 'nobody', address: '127.28.0.99', clientPort: 2181 }];
      const connecting = subject.store.connect(servers, { credentials: null, timeoutMs: 300 }, never);
      await assert.rejects(connecting, { code: 'FERRY_ENSEMBLE_UNREACHABLE', retryable: true });
    });
  });
}

znodeStoreContract('fake', () => {
  const servers = [{ name: 's1', address: '10.0.0.1', clientPort: 2181 }];
  return Promise.resolve({
    store: new FakeZnodeStore([new FakeEnsemble(['10.0.0.1:2181'])]),
    servers,
    stop: () => Promise.resolve(),
  });
});

znodeStoreContract('ZooKeeper', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'zkferry-store-'));
  const subnet = await freeSubnet();
  const ensemble: Ensemble = await startEnsemble({ dir, addresses: [1, 2, 3].map((n) => `${subnet}.${String(n)}`) });
  return {
    store: new ZookeeperStore(),
    servers: ensemble.servers.map(({ id, address, clientPort }) => ({ name: `s${String(id)}`, address, clientPort })),
    async stop() {
      await ensemble.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
});
