import assert from 'node:assert/strict';
import { ownerAcl, ownerBody, readOwnerWith } from '../../activities/publishing/owner-znode.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import { ownSessions, signIn } from '../../activities/reach/own-sessions.js';
import { lockPath } from '../../activities/reach/marker.js';
import { parseContender } from '../../src/domain/election.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aConfig } from '../fakes/plans.js';

const session = { id: '0300001313d80001', password: '00112233445566778899aabbccddeeff' };
const secrets = (secret: string | null) => ({ secrets: () => Promise.resolve(secret) });
const key = (cluster = 'c1', secret = 'k'.repeat(32)) => publisherKey(secrets(secret), { ...aConfig(), cluster });

describe("the publisher's key", () => {
  it('is refused when it is missing or shorter than 32 characters', async () => {
    for (const secret of [null, 'k'.repeat(31)]) {
      await assert.rejects(publisherKey(secrets(secret), aConfig()), {
        code: 'FERRY_PUBLISHER_KEY',
        retryable: false,
      });
    }
  });

  it('is the same on every worker, and another one for every cluster and secret', async () => {
    const { identity } = await key();
    assert.match(identity, /^zkferry-c1:[\w-]{43}$/);
    assert.equal((await key()).identity, identity);
    assert.notEqual((await key('c1', 'l'.repeat(32))).identity, identity);
    assert.notEqual((await key('c2')).identity.split(':')[1], identity.split(':')[1]);
  });

  it('gives a sealed session back only to the same secret, cluster and migration', async () => {
    const sealed = (await key()).seal(session, 'm1');
    assert.deepEqual((await key()).unseal(sealed, 'm1'), session);
    assert.notEqual((await key()).seal(session, 'm1'), sealed);
    const refused = { code: 'FERRY_PUBLISHER_KEY', retryable: false };
    const [mine, ...others] = [await key(), await key('c2'), await key('c1', 'l'.repeat(32))];
    assert.throws(() => mine.unseal(sealed, 'm2'), refused);
    for (const other of others) assert.throws(() => other.unseal(sealed, 'm1'), refused);
    assert.throws(() => mine.unseal(sealed.slice(4), 'm1'), refused);
    assert.throws(() => mine.unseal('', 'm1'), refused);
  });

  it('leaves nothing of the session readable in the owner znode, which is for the publisher alone', async () => {
    const mine = await key();
    const body = ownerBody(mine, { migration: 'm1', owner: 't1', mode: 'publishing', generation: 1, session });
    for (const part of [session.id, session.password, mine.identity.split(':')[1] ?? '']) {
      assert.ok(!body.toString().includes(part) && !JSON.stringify(ownerAcl(mine)).includes(part));
    }
    assert.deepEqual(
      ownerAcl(mine).map(({ scheme }) => scheme),
      ['digest'],
    );
    const znode = {
      data: body,
      ephemeralOwner: '0x0',
      czxid: 1n,
      version: 3,
      aclVersion: 0,
      cversion: 0,
      numChildren: 0,
    };
    const read = (): Promise<typeof znode> => Promise.resolve(znode);
    assert.deepEqual(await readOwnerWith(mine, 'c1', { read }), {
      version: 3,
      migration: 'm1',
      owner: 't1',
      mode: 'publishing',
      generation: 1,
      session,
    });
  });
});

describe('sessions of ours with source', () => {
  it('are told apart by their sign-in below the lock, and not after they have ended', async () => {
    const config = aConfig();
    const [server] = config.source.servers;
    const ensemble = new FakeEnsemble([`${server?.address ?? ''}:${String(server?.clientPort)}`]);
    const store = new FakeZnodeStore([ensemble]);
    const servers = server ? [server] : [];
    const open = () => store.connect(servers, { credentials: null, timeoutMs: 1_000 });
    const [ours, stranger] = [await open(), await open()];
    await assert.rejects(signIn(ours, config, 'publisher-a'), { reason: 'NO_NODE' });
    await stranger.create(lockPath(config.cluster), Buffer.alloc(0), OPEN, 'persistent');
    await signIn(ours, config, 'publisher-a');
    await signIn(ours, config, 'publisher-a');
    await assert.rejects(signIn(stranger, config, 'publisher-a'), { reason: 'NODE_EXISTS' });
    assert.deepEqual(await ownSessions(stranger, config), new Set([ours.sessionId]));
    assert.equal(parseContender('publisher-a'), null);
    await ours.close();
    assert.deepEqual(await ownSessions(stranger, config), new Set());
  });
});
