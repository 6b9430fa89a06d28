import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { digestId } from '../../src/domain/digest-id.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type { HeldOptions, HeldSession, SessionKey, ZnodeSession, ZnodeStore } from '../../src/ports/znode-store.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';

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
    const hold = async (options: Partial<HeldOptions> = {}): Promise<HeldSession> => {
      const asked = { credentials: null, timeoutMs: 10_000, sessionTimeoutMs: 8_000, ...options };
      const session = await subject.store.connectHeld(subject.servers, asked, never);
      sessions.push(session);
      return session;
    };

    /** Sessions are at different servers; a lone check goes through the leader, so reads after it are current. */
    const synced = (session: ZnodeSession): Promise<void> => session.commit([{ do: 'check', path: '/' }]);

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
      await synced(other);
      assert.equal((await other.read('/e'))?.ephemeralOwner, owner.sessionId);
      await owner.close();
      await synced(other);
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
      await synced(stranger);
      assert.equal((await stranger.read('/guarded'))?.data.toString(), 'x');
      await assert.rejects(stranger.setData('/guarded', Buffer.from('y')), { reason: 'NO_AUTH', retryable: false });
      await assert.rejects(stranger.create('/guarded/c', Buffer.from('y'), OPEN, 'persistent'), { reason: 'NO_AUTH' });
      await ferry.setAcl('/guarded', OPEN);
      await stranger.setData('/guarded', Buffer.from('y'));
      await ferry.remove('/guarded');
    });

    it('shows the hashes of an ACL to nobody but whoever may change it', async () => {
      const acl = [
        { permissions: 31, scheme: 'digest', id: digestId('ferry:secret') },
        { permissions: 1, scheme: 'world', id: 'anyone' },
      ];
      const [ferry, stranger] = [await open('ferry:secret'), await open()];
      await ferry.create('/hashed', Buffer.from('x'), acl, 'ephemeral');
      await synced(stranger);
      assert.deepEqual(await ferry.acl('/hashed'), acl);
      const [owner, anyone] = acl;
      assert.deepEqual(await stranger.acl('/hashed'), [{ ...owner, id: 'ferry:x' }, anyone]);
    });

    it('sets an ACL at the expected version only', async () => {
      const session = await open();
      await session.create('/acl', Buffer.alloc(0), OPEN, 'persistent');
      assert.equal((await session.read('/acl'))?.aclVersion, 0);
      const closed = [{ permissions: 27, scheme: 'world', id: 'anyone' }];
      await session.setAcl('/acl', closed, 0);
      assert.equal((await session.read('/acl'))?.aclVersion, 1);
      await assert.rejects(session.setAcl('/acl', OPEN, 0), { reason: 'BAD_VERSION' });
      assert.deepEqual(await session.acl('/acl'), closed);
      await assert.rejects(session.create('/acl/c', Buffer.alloc(0), OPEN, 'persistent'), { reason: 'NO_AUTH' });
      await session.setAcl('/acl', OPEN);
      await session.remove('/acl');
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
      const options = { credentials: null, timeoutMs: 300, sessionTimeoutMs: 8_000 };
      const holding = subject.store.connectHeld(servers, options, never);
      await assert.rejects(holding, { code: 'FERRY_ENSEMBLE_UNREACHABLE', retryable: true });
    });

    it('takes several identities into one session', async () => {
      const acl = (user: string) => [{ permissions: 31, scheme: 'digest', id: digestId(user) }];
      const both = await hold({ credentials: 'one:1', moreCredentials: ['two:2'] });
      const one = await open('one:1');
      await both.create('/one', Buffer.from('x'), acl('one:1'), 'ephemeral');
      await both.create('/two', Buffer.from('x'), acl('two:2'), 'ephemeral');
      assert.equal((await both.read('/one'))?.data.toString(), 'x');
      assert.equal((await both.read('/two'))?.data.toString(), 'x');
      await synced(one);
      assert.equal((await one.read('/one'))?.data.toString(), 'x');
      await assert.rejects(one.read('/two'), { reason: 'NO_AUTH' });
    });

    it('gives a znode created with the scheme auth to the identities of its session', async () => {
      const session = await open('ferry:secret');
      await session.create('/mine', Buffer.from('x'), [{ permissions: 31, scheme: 'auth', id: '' }], 'ephemeral');
      assert.deepEqual(await session.acl('/mine'), [
        { permissions: 31, scheme: 'digest', id: digestId('ferry:secret') },
      ]);
    });

    it('writes at the expected version only, and tells the new one', async () => {
      const session = await open();
      await session.create('/v', Buffer.from('0'), OPEN, 'ephemeral');
      assert.equal((await session.read('/v'))?.version, 0);
      assert.equal(await session.setData('/v', Buffer.from('1'), 0), 1);
      await assert.rejects(session.setData('/v', Buffer.from('2'), 0), { reason: 'BAD_VERSION', retryable: false });
      assert.equal(await session.setData('/v', Buffer.from('2')), 2);
      assert.equal((await session.read('/v'))?.data.toString(), '2');
    });

    it('commits all operations or none, and names the one that failed', async () => {
      const session = await open();
      await session.create('/fence', Buffer.from('0'), OPEN, 'ephemeral');
      await session.setData('/fence', Buffer.from('1'));
      const fenced = (version: number) => ({ do: 'check', path: '/fence', version }) as const;
      const make = (path: string) => ({ do: 'create', path, data: Buffer.from(path), acl: OPEN }) as const;
      await session.commit([
        fenced(1),
        { ...make('/m1'), kind: 'ephemeral' },
        { ...make('/m2'), kind: 'ephemeral' },
        { do: 'setData', path: '/m2', data: Buffer.from('changed') },
        { do: 'remove', path: '/m1' },
      ]);
      assert.equal(await session.read('/m1'), null);
      const made = await session.read('/m2');
      assert.equal(made?.data.toString(), 'changed');
      assert.equal(made?.ephemeralOwner, session.sessionId);

      const late = session.commit([fenced(2), { ...make('/m3'), kind: 'ephemeral' }]);
      await assert.rejects(late, { code: 'FERRY_ZNODE', reason: 'BAD_VERSION', path: '/fence' });
      const taken = session.commit([
        fenced(1),
        { do: 'remove', path: '/m2' },
        { ...make('/fence'), kind: 'ephemeral' },
      ]);
      await assert.rejects(taken, { reason: 'NODE_EXISTS', path: '/fence' });
      await assert.rejects(session.commit([{ do: 'remove', path: '/m9' }]), { reason: 'NO_NODE', path: '/m9' });
      await assert.rejects(session.commit([{ do: 'check', path: '/m9' }]), { reason: 'NO_NODE', path: '/m9' });
      await session.commit([{ do: 'check', path: '/fence' }]);
      assert.equal((await session.read('/m2'))?.data.toString(), 'changed');
      assert.equal(await session.read('/m3'), null);
    });

    it('refuses version 0 as a fence, which the client would send as any version', async () => {
      const session = await open();
      await session.create('/z', Buffer.from('0'), OPEN, 'ephemeral');
      await session.setData('/z', Buffer.from('1'));
      for (const operation of ['check', 'remove'] as const) {
        await assert.rejects(session.commit([{ do: operation, path: '/z', version: 0 }]), { reason: 'BAD_ARGUMENTS' });
      }
      assert.ok(await session.read('/z'));
    });

    it('keeps a held session and its znodes alive when its connection is let go, for whoever has the key', async () => {
      const [first, watcher] = [await hold({ sessionTimeoutMs: 600_000 }), await open()];
      assert.ok(first.sessionTimeoutMs > 0 && first.sessionTimeoutMs <= 600_000, String(first.sessionTimeoutMs));
      await first.create('/held', Buffer.from('x'), OPEN, 'ephemeral');
      await synced(watcher);
      const before = await watcher.read('/held');
      assert.ok(before);
      first.letGo();
      assert.equal(first.lost.aborted, true);
      await assert.rejects(first.read('/held'), { reason: 'CONNECTION_LOSS', retryable: true });

      const second = await hold({ resume: first.key });
      assert.equal(second.sessionId, first.sessionId);
      assert.deepEqual(second.key, first.key);
      assert.equal(second.lost.aborted, false);
      await synced(watcher);
      assert.equal((await watcher.read('/held'))?.czxid, before.czxid);
      await second.close();
      await synced(watcher);
      assert.equal(await watcher.read('/held'), null);
    });

    it('takes the connection from the former holder, who stays cut off and leaves the session unharmed', async () => {
      const [first, watcher] = [await hold(), await open()];
      await first.create('/held', Buffer.from('x'), OPEN, 'ephemeral');
      const second = await hold({ resume: first.key });
      // The former holder's connection ends at once, or at its next write at another server.
      await first.setData('/held', Buffer.from('y')).catch(() => undefined);
      await assert.rejects(first.setData('/held', Buffer.from('y')), { code: 'FERRY_ZNODE', retryable: true });
      assert.equal(first.lost.aborted, true);
      await first.close();
      await second.setData('/held', Buffer.from('z'));
      await synced(watcher);
      assert.equal((await watcher.read('/held'))?.data.toString(), 'z');
      assert.equal(second.lost.aborted, false);
    });

    it('tells an ended session, or a wrong key, from an ensemble that cannot be reached', async () => {
      const [ended, other] = [await hold(), await hold()];
      await ended.close();
      // An id alone is enough to cut its session's connection at the same server, so ids are secrets, too.
      const wrong: SessionKey = { id: other.key.id, password: '0'.repeat(32) };
      for (const key of [ended.key, wrong]) {
        await assert.rejects(hold({ resume: key }), (error: Error & { code?: string; retryable?: boolean }) => {
          assert.equal(error.code, 'FERRY_SESSION_EXPIRED');
          assert.equal(error.retryable, false);
          assert.ok(!error.message.includes(key.id) && !error.message.includes(key.password));
          return true;
        });
      }
      assert.equal((await hold({ resume: other.key })).sessionId, other.sessionId);
    });

    it('tells once that children have changed', async () => {
      const [held, other] = [await hold(), await open()];
      await other.create('/w', Buffer.alloc(0), OPEN, 'persistent');
      await synced(held);
      let told = 0;
      let wake: () => void = () => undefined;
      const onChange = (): void => {
        told += 1;
        wake();
      };
      for (let round = 1; round <= 2; round += 1) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        await synced(held);
        await held.children('/w', onChange);
        await held.children('/w', onChange);
        await other.create(`/w/${String(round)}`, Buffer.alloc(0), OPEN, 'ephemeral');
        await changed;
        assert.equal(told, round);
      }
      assert.deepEqual((await held.children('/w'))?.sort(), ['1', '2']);
      for (const name of ['1', '2']) await other.remove(`/w/${name}`);
      await other.remove('/w');
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

// The oldest server with a multi that Mesos clusters still run, the default, and the newest.
for (const version of ['3.4.14', '3.8.4', '3.9.5']) {
  znodeStoreContract(`ZooKeeper ${version}`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-store-'));
    const subnet = await freeSubnet();
    const addresses = [1, 2, 3].map((n) => `${subnet}.${String(n)}`);
    const ensemble: Ensemble = await startEnsemble({ dir, version, addresses });
    return {
      store: new ZookeeperStore(),
      servers: ensemble.servers.map(({ id, address, clientPort }) => ({ name: `s${String(id)}`, address, clientPort })),
      async stop() {
        await ensemble.stop();
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
}
