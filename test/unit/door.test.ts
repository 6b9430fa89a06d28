import assert from 'node:assert/strict';
import { createAclProof } from '../../activities/publishing/acl-proof.js';
import { createDoorActivities, forgetDoor } from '../../activities/publishing/door.js';
import { createElectionClearing } from '../../activities/publishing/clear-election.js';
import { ownerAcl, ownerBody } from '../../activities/publishing/owner-znode.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import type { Ports } from '../../activities/ports.js';
import { markerText } from '../../activities/reach/marker.js';
import { digestId } from '../../src/domain/digest-id.js';
import { AclsNotEnforcedError, DoorOpenError, ForeignContenderError } from '../../src/domain/door-errors.js';
import type { FerryError } from '../../src/domain/errors.js';
import { DeadlineError, FencedError } from '../../src/domain/host-errors.js';
import { closedAcl, isClosed, sameAcl } from '../../src/domain/publishing/door-acl.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';
import { type FakeFate, FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aDualConfig } from '../fakes/surveys.js';

const MASTER = 'mesos:secret';
const DOOR = '/zkferry-door-test';
const MARKER = '/zkferry-marker-test';
const PARENTS = ['/mesos', '/mesos/log_replicas'] as const;
const config = {
  ...aDualConfig(),
  credentials: { ...aDualConfig().credentials, source: 'env:S', target: 'env:S' },
};
/** As Mesos makes it with credentials: everybody reads, its own identity does all. */
const found: Acl[] = [
  { permissions: 1, scheme: 'world', id: 'anyone' },
  { permissions: 31, scheme: 'digest', id: digestId(MASTER) },
];

type Turn = (ensemble: FakeEnsemble, operation: string, path: string) => Promise<FakeFate>;

interface World {
  readonly ensembles: { readonly source: FakeEnsemble; readonly target: FakeEnsemble };
  readonly ports: Ports;
  readonly portsWith: (turn: Turn) => Ports;
  readonly session: (side: 'source' | 'target', credentials?: string | null) => Promise<ZnodeSession>;
}

async function aWorld(acl: Acl[] = found, turn?: Turn): Promise<World> {
  const addresses = (side: 'source' | 'target') =>
    config[side].servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);
  const ensembles = { source: new FakeEnsemble(addresses('source')), target: new FakeEnsemble(addresses('target')) };
  const all = [ensembles.source, ensembles.target];
  const quiet = new FakeZnodeStore(all);
  const secrets = (reference: string | null) =>
    Promise.resolve(reference === null ? null : reference === 'env:S' ? MASTER : 'k'.repeat(40));
  const over = (store: FakeZnodeStore): Ports => ({ store, secrets }) as unknown as Ports;
  const portsWith = (each: Turn): Ports => over(new FakeZnodeStore(all, { turn: each }));
  const ports = turn ? portsWith(turn) : over(quiet);
  const session: World['session'] = (side, credentials = MASTER) =>
    quiet.connect(
      config[side].servers.map(({ name, address, clientPort }) => ({ name, address, clientPort })),
      {
        credentials,
        timeoutMs: 1_000,
      },
    );
  for (const side of ['source', 'target'] as const) {
    const setUp = await session(side);
    for (const path of PARENTS) await setUp.create(path, Buffer.alloc(0), acl, 'persistent');
    await setUp.create(MARKER, Buffer.from(markerText(side, 'm1')), OPEN, 'persistent');
    await setUp.close();
  }
  return { ensembles, ports, portsWith, session };
}

const step = (ensemble: 'source' | 'target', generation: number, migration = 'm1') => ({
  config,
  migration,
  generation,
  ensemble,
});
const failure = async <T extends FerryError>(work: Promise<unknown>, kind: new (...args: never[]) => T): Promise<T> => {
  const error: unknown = await work.then(
    () => assert.fail('it succeeded'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof kind, String(error));
  return error;
};

describe('the ACL of a closed door', () => {
  const publisher = digestId('zkferry:x');

  it('takes CREATE from everybody and leaves the rest with whoever has it', () => {
    const open = [{ permissions: 31, scheme: 'world', id: 'anyone' }];
    assert.deepEqual(closedAcl(open, null), [{ permissions: 27, scheme: 'world', id: 'anyone' }]);
    assert.deepEqual(closedAcl(found, null), [found[0], { ...found[1], permissions: 27 }]);
  });

  it('lets the publisher do everything, named once', () => {
    const mine = { permissions: 31, scheme: 'digest', id: publisher };
    assert.deepEqual(closedAcl(found, publisher).at(-1), mine);
    assert.deepEqual(closedAcl([{ ...mine, permissions: 1 }, ...found], publisher), closedAcl(found, publisher));
  });

  it('is closed when nobody else may create', () => {
    assert.ok(!isClosed(found, publisher));
    assert.ok(isClosed(closedAcl(found, publisher), publisher));
    assert.ok(!isClosed(closedAcl(found, publisher), null), 'a publisher that is not known is somebody else');
  });

  it('is compared whatever its order', () => {
    assert.ok(sameAcl(found, [...found].reverse()));
    assert.ok(!sameAcl(found, closedAcl(found, null)));
  });
});

describe('the door of an ensemble', () => {
  const mayCreate = async (world: World, side: 'source' | 'target', credentials: string | null): Promise<boolean> => {
    const session = await world.session(side, credentials);
    try {
      for (const path of PARENTS) {
        await session.create(`${path}/try`, Buffer.alloc(0), OPEN, 'ephemeral');
        await session.remove(`${path}/try`);
      }
      return true;
    } catch {
      return false;
    } finally {
      await session.close();
    }
  };
  const aclOf = async (world: World, side: 'source' | 'target', path: string): Promise<readonly Acl[] | null> => {
    const session = await world.session(side);
    try {
      return await session.acl(path);
    } finally {
      await session.close();
    }
  };

  for (const side of ['source', 'target'] as const) {
    it(`keeps masters out of ${side} while it is closed, and lets them in again`, async () => {
      const world = await aWorld();
      const door = createDoorActivities(world.ports);
      assert.equal(await mayCreate(world, side, MASTER), true);
      assert.deepEqual(await door.closeDoor(step(side, 1)), { changed: true });
      assert.deepEqual(await door.closeDoor(step(side, 1)), { changed: false });
      assert.equal(await mayCreate(world, side, MASTER), false);
      assert.deepEqual(await door.openDoor(step(side, 2)), { changed: true });
      assert.deepEqual(await door.openDoor(step(side, 2)), { changed: false });
      assert.equal(await mayCreate(world, side, MASTER), true);
      for (const path of PARENTS) assert.deepEqual(await aclOf(world, side, path), found);
      await door.removeDoor({ config, migration: 'm1', ensemble: side });
      await door.removeDoor({ config, migration: 'm1', ensemble: side });
      assert.equal(await mayCreate(world, side, MASTER), true);
    });
  }

  it('is passed by the publisher in target alone', async () => {
    const world = await aWorld();
    const door = createDoorActivities(world.ports);
    for (const side of ['source', 'target'] as const) await door.closeDoor(step(side, 1));
    const ids = async (side: 'source' | 'target') =>
      (await aclOf(world, side, '/mesos'))?.filter(({ permissions }) => permissions === 31).map(({ id }) => id);
    assert.deepEqual(await ids('source'), []);
    assert.match((await ids('target'))?.join() ?? '', /^zkferry-test:/);
  });

  it('is opened by its removal', async () => {
    const world = await aWorld();
    const door = createDoorActivities(world.ports);
    await door.closeDoor(step('target', 1));
    await door.removeDoor({ config, migration: 'm1', ensemble: 'target' });
    assert.equal(await mayCreate(world, 'target', MASTER), true);
  });

  it('that was never closed is open, whatever is asked', async () => {
    const world = await aWorld();
    const door = createDoorActivities(world.ports);
    assert.deepEqual(await door.openDoor(step('target', 1)), { changed: false });
    for (const path of PARENTS) assert.deepEqual(await aclOf(world, 'target', path), found);
  });

  for (const before of ['closed', 'never closed'] as const) {
    it(`that was ${before} cannot be shut by a late step once it is open for good, nor after the migration`, async () => {
      const world = await aWorld();
      const door = createDoorActivities(world.ports);
      const scope = { config, migration: 'm1', ensemble: 'source' } as const;
      if (before === 'closed') await door.closeDoor(step('source', 1));
      await door.removeDoor(scope);
      await failure(door.closeDoor(step('source', 9)), FencedError);
      assert.deepEqual(await forgetDoor(world.ports, scope), []);
      for (const path of [DOOR, MARKER]) assert.equal(await aclOf(world, 'source', path), null);
      await failure(door.closeDoor(step('source', 9)), FencedError);
      assert.equal(await mayCreate(world, 'source', MASTER), true);
      await door.removeDoor(scope);
      assert.deepEqual(await forgetDoor(world.ports, scope), []);
      assert.equal(await aclOf(world, 'source', DOOR), null, 'the end of the migration may come twice');
    });
  }

  it('that nobody opened for good is told as residue, and stays closed', async () => {
    const world = await aWorld();
    await createDoorActivities(world.ports).closeDoor(step('target', 1));
    const residue = await forgetDoor(world.ports, { config, migration: 'm1', ensemble: 'target' });
    assert.deepEqual(residue, [`${DOOR} in target stays`]);
    assert.equal(await mayCreate(world, 'target', MASTER), false);
  });

  it('refuses a step of an earlier generation, and one of another migration', async () => {
    const world = await aWorld();
    const door = createDoorActivities(world.ports);
    await door.openDoor(step('target', 5));
    const late = await failure(door.closeDoor(step('target', 4)), FencedError);
    assert.match(late.message, /generation 4 is older than 5/);
    const other = await failure(door.closeDoor(step('target', 9, 'm2')), FencedError);
    assert.match(other.message, /belongs to migration m1/);
    await door.removeDoor({ config, migration: 'm2', ensemble: 'target' });
    assert.equal(await mayCreate(world, 'target', MASTER), true);
    assert.notEqual(
      await aclOf(world, 'target', DOOR),
      null,
      'what is remembered is not another migration’s to remove',
    );
  });

  for (const [late, later] of [
    ['openDoor', 'closeDoor'],
    ['closeDoor', 'openDoor'],
    ['openDoor', 'openDoor'],
    ['closeDoor', 'closeDoor'],
  ] as const) {
    it(`stays as a later ${later} left it when an earlier ${late} comes late`, async () => {
      const world = await aWorld();
      const door = createDoorActivities(world.ports);
      await door[later](step('target', 5));
      await failure(door[late](step('target', 4)), FencedError);
      assert.equal(await mayCreate(world, 'target', MASTER), later === 'openDoor');
    });
  }

  it('is opened by no step whose deadline has passed, but closed by one (S1)', async () => {
    const world = await aWorld();
    const door = createDoorActivities(world.ports);
    await door.closeDoor(step('target', 1));
    await failure(door.openDoor({ ...step('target', 2), deadline: Date.now() }), DeadlineError);
    assert.equal(await mayCreate(world, 'target', MASTER), false);
    await door.openDoor({ ...step('target', 2), deadline: Date.now() + 60_000 });
    assert.equal(await mayCreate(world, 'target', MASTER), true);
  });

  it('is not closed by a step that comes after the end of its migration', async () => {
    const world = await aWorld();
    const door = createDoorActivities(world.ports);
    for (const end of [
      (session: ZnodeSession) => session.setData('/zkferry-marker-test', Buffer.from(markerText('source', 'm2'))),
      (session: ZnodeSession) => session.remove('/zkferry-marker-test'),
    ]) {
      await end(await world.session('source'));
      assert.match((await failure(door.closeDoor(step('source', 1)), FencedError)).message, /has ended/);
      assert.equal(await mayCreate(world, 'source', MASTER), true);
      assert.ok(!world.ensembles.source.entries.has(DOOR));
    }
  });

  it('keeps what it remembers from everybody but us', async () => {
    const world = await aWorld(OPEN as Acl[]);
    await createDoorActivities(world.ports).closeDoor(step('target', 1));
    const stranger = await world.session('target', null);
    await assert.rejects(stranger.setData(DOOR, Buffer.from('x')), { reason: 'NO_AUTH' });
    await assert.rejects(stranger.read(DOOR), { reason: 'NO_AUTH' });
  });

  it('remembers a log group that came into being later', async () => {
    const world = await aWorld();
    const setUp = await world.session('source');
    await setUp.remove('/mesos/log_replicas');
    const door = createDoorActivities(world.ports);
    await door.closeDoor(step('source', 1));
    await door.openDoor(step('source', 2));
    await setUp.create('/mesos/log_replicas', Buffer.alloc(0), found, 'persistent');
    await door.closeDoor(step('source', 3));
    assert.equal(await mayCreate(world, 'source', MASTER), false);
    await door.openDoor(step('source', 4));
    assert.deepEqual(await aclOf(world, 'source', '/mesos/log_replicas'), found);
  });

  it('comes back to what was found, wherever a crash ended a step', async () => {
    for (const fate of ['lost', 'unanswered'] as const) {
      for (let at = 0; ; at += 1) {
        let left = at;
        let crashes = true;
        const world = await aWorld(found, () => {
          const now = crashes && left === 0;
          left -= 1;
          return Promise.resolve(now ? fate : 'done');
        });
        const door = createDoorActivities(world.ports);
        const ended = await door.closeDoor(step('target', 1)).then(
          () => 'done',
          () => 'crashed',
        );
        crashes = false;
        await door.closeDoor(step('target', 1));
        assert.equal(await mayCreate(world, 'target', MASTER), false);
        left = at;
        crashes = true;
        await door.openDoor(step('target', 2)).catch(() => undefined);
        crashes = false;
        await door.openDoor(step('target', 2));
        for (const path of PARENTS)
          assert.deepEqual(await aclOf(world, 'target', path), found, `${fate} ${String(at)}`);
        if (ended === 'done') break;
      }
    }
  });

  it('obeys the later of two steps that run at once, however they interleave', async () => {
    /** Lets the two run one operation at a time; the bits of a number say after which the other has its turn. */
    const interleave = async (bits: number): Promise<void> => {
      const world = await aWorld();
      const first = createDoorActivities(world.ports);
      await (bits % 2 === 0 ? first.closeDoor(step('target', 1)) : first.openDoor(step('target', 1)));
      const run = (act: (door: ReturnType<typeof createDoorActivities>) => Promise<unknown>) => {
        const self = { go: null as (() => void) | null, over: false };
        const ports = world.portsWith(() => new Promise((resolve) => (self.go = () => resolve('done'))));
        void act(createDoorActivities(ports))
          .catch(() => undefined)
          .finally(() => (self.over = true));
        return self;
      };
      const runners = [
        run((door) => door.closeDoor(step('target', 2))),
        run((door) => door.openDoor(step('target', 3))),
      ];
      for (let turn = 0, who = 0; runners.some(({ over }) => !over); turn += 1) {
        await new Promise(setImmediate);
        if (((bits >> (turn % 29)) & 3) === 3 || runners[who]?.over === true) who = 1 - who;
        const runner = runners[who] ?? assert.fail();
        const { go } = runner;
        runner.go = null;
        go?.();
      }
      for (const path of PARENTS) assert.deepEqual(await aclOf(world, 'target', path), found, `bits ${String(bits)}`);
    };
    let seed = 7;
    for (let round = 0; round < 400; round += 1) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      // The low bits of such a sequence repeat soon.
      await interleave(seed >> 3);
    }
  });
});

describe('the proof that ACLs are enforced', () => {
  it('passes where a stranger is refused, and leaves nothing behind', async () => {
    const world = await aWorld();
    await createAclProof(world.ports).proveAcls({ config, migration: 'm1', ensemble: 'target' });
    assert.ok(!world.ensembles.target.entries.has('/zkferry-scratch-test'));
  });

  it('fails where a stranger may create, and leaves nothing behind', async () => {
    const world = await aWorld();
    const { store } = world.ports;
    // A server with skipACL: whatever ACL it is given, it behaves as if it were open.
    const lax = {
      ...world.ports,
      store: {
        connect: async (...args: Parameters<typeof store.connect>) => {
          const session = await store.connect(...args);
          const create = session.create.bind(session);
          session.create = (path, data, _acl, kind) => create(path, data, OPEN, kind);
          return session;
        },
      },
    } as unknown as Ports;
    const error = await failure(
      createAclProof(lax).proveAcls({ config, migration: 'm1', ensemble: 'target' }),
      AclsNotEnforcedError,
    );
    assert.equal(error.code, 'FERRY_ACLS_NOT_ENFORCED');
    assert.deepEqual(
      [...world.ensembles.target.entries.keys()].filter((path) => path.includes('scratch')),
      [],
    );
  });
});

describe('clearing an election', () => {
  const pid = (index: number): string => {
    const master = config.masters[index];
    return `master@${master?.address ?? '10.9.9.9'}:5050`;
  };
  const stand = async (world: World, name: string, body: string, parent: string = PARENTS[0]): Promise<void> => {
    const session = await world.session('source');
    await session.create(`${parent}/${name}`, Buffer.from(body), OPEN, 'ephemeral');
  };
  const clear = (world: World) =>
    createElectionClearing(world.ports).clearElection({ config, migration: 'm1', ensemble: 'source' });

  it('takes away contenders and log replicas of the masters, and nothing else', async () => {
    const world = await aWorld();
    await stand(world, 'json.info_0000000004', JSON.stringify({ pid: pid(0) }));
    await stand(world, 'json.info_0000000005', JSON.stringify({ pid: pid(1) }));
    await stand(world, '0000000003', pid(0).replace('master', 'log-replica(1)'), PARENTS[1]);
    await stand(world, 'note', 'not a contender');
    await createDoorActivities(world.ports).closeDoor(step('source', 1));
    assert.deepEqual((await clear(world)).removed, [
      '/mesos/json.info_0000000004',
      '/mesos/json.info_0000000005',
      '/mesos/log_replicas/0000000003',
    ]);
    assert.deepEqual(await clear(world), { removed: [] });
    assert.ok(world.ensembles.source.entries.has('/mesos/note'));
  });

  it('leaves the mirrors alone: one that comes late finds them standing again', async () => {
    const world = await aWorld();
    const publisher = await publisherKey(world.ports, config);
    const session = await world.session('target', publisher.identity);
    const held = world.ensembles.target.sessions.get(BigInt(session.sessionId));
    const key = { id: session.sessionId.slice(2).padStart(16, '0'), password: held?.password ?? '' };
    const owner = { migration: 'm1', owner: 'x', mode: 'publishing', generation: 1, session: key } as const;
    await session.create('/zkferry-publisher-test', ownerBody(publisher, owner), ownerAcl(publisher), 'persistent');
    const body = Buffer.from(JSON.stringify({ pid: pid(0) }));
    const master = await world.session('target');
    await master.create('/mesos/json.info_0000001004', body, OPEN, 'ephemeral');
    await createDoorActivities(world.ports).closeDoor(step('target', 1));
    await session.create('/mesos/json.info_0000000004', body, OPEN, 'ephemeral');
    const { removed } = await createElectionClearing(world.ports).clearElection({
      config,
      migration: 'm1',
      ensemble: 'target',
    });
    assert.deepEqual(removed, ['/mesos/json.info_0000001004']);
    assert.ok(world.ensembles.target.entries.has('/mesos/json.info_0000000004'));
  });

  it('is refused while a master could stand there, on either parent', async () => {
    const world = await aWorld();
    await stand(world, 'json.info_0000000004', JSON.stringify({ pid: pid(0) }));
    assert.equal((await failure(clear(world), DoorOpenError)).code, 'FERRY_DOOR_OPEN');
    await createDoorActivities(world.ports).closeDoor(step('source', 1));
    const meddler = await world.session('source');
    await meddler.setAcl(PARENTS[1], found);
    assert.match((await failure(clear(world), DoorOpenError)).message, /log_replicas/);
    assert.ok(world.ensembles.source.entries.has('/mesos/json.info_0000000004'));
  });

  it('is refused, naming them, when somebody stands who is no configured master', async () => {
    const world = await aWorld();
    await stand(world, 'json.info_0000000004', JSON.stringify({ pid: pid(0) }));
    await stand(world, 'json.info_0000000005', JSON.stringify({ pid: 'master@10.9.9.9:5050' }));
    await stand(world, 'json.info_0000000006', 'no body');
    await createDoorActivities(world.ports).closeDoor(step('source', 1));
    const error = await failure(clear(world), ForeignContenderError);
    assert.match(error.message, /0000000005 \(master@10\.9\.9\.9:5050\), .*0000000006 \(no process named\)/);
    assert.ok(!error.message.includes('0000000004'));
    assert.ok(world.ensembles.source.entries.has('/mesos/json.info_0000000004'), 'nothing is deleted');
  });

  it('looks again until nobody comes back', async () => {
    let comeBack = 2;
    const world: World = await aWorld(found, async (ensemble, operation, path) => {
      if (operation === 'commit' && path === DOOR && comeBack > 0) {
        comeBack -= 1;
        // What the leader had taken in before the door was closed.
        setImmediate(() =>
          ensemble.put('/mesos/json.info_0000000004', Buffer.from(JSON.stringify({ pid: pid(0) })), OPEN, 0n),
        );
      }
      return Promise.resolve('done');
    });
    await stand(world, 'json.info_0000000004', JSON.stringify({ pid: pid(0) }));
    await createDoorActivities(world.ports).closeDoor(step('source', 1));
    assert.equal((await clear(world)).removed.length, 3);
    assert.ok(!world.ensembles.source.entries.has('/mesos/json.info_0000000004'));
  });

  it('removes nobody who stands there since the door was opened again, however late it comes', async () => {
    const world: World = await aWorld(found, async (_ensemble, operation, path) => {
      if (operation === 'commit' && path === '/mesos' && !opened) {
        opened = true;
        await createDoorActivities(world.ports).openDoor(step('source', 2));
        await stand(world, 'json.info_0000000009', JSON.stringify({ pid: pid(0) }));
        await createDoorActivities(world.ports).closeDoor(step('source', 3));
      }
      return 'done';
    });
    let opened = false;
    await createDoorActivities(world.ports).closeDoor(step('source', 1));
    assert.equal((await failure(clear(world), FencedError)).code, 'FERRY_FENCED');
    assert.ok(world.ensembles.source.entries.has('/mesos/json.info_0000000009'));
  });
});
