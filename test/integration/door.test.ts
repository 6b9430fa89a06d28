import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ports } from '../../activities/ports.js';
import { markerText } from '../../activities/reach/marker.js';
import { forgetDoor } from '../../activities/publishing/door.js';
import { createPublishingActivities } from '../../activities/publishing/index.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import { seeAclEnforcement } from '../../activities/reach/acl-enforcement.js';
import { freeSubnet } from '../../lab/free-subnet.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import { AclsNotEnforcedError, DoorOpenError } from '../../src/domain/door-errors.js';
import { digestId } from '../../src/domain/digest-id.js';
import type { AclEnforcement } from '../../src/domain/survey.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';
import { OPEN } from '../fakes/fake-znode-store.js';
import { aDualConfig } from '../fakes/surveys.js';

const never = new AbortController().signal;
const LOGIN = 'mesos:secret';
const PARENTS = ['/mesos', '/mesos/log_replicas'] as const;
const SKIPS = '-Dzookeeper.skipACL=yes';

const kinds: readonly [version: string, jvmFlags: string[], expected: AclEnforcement][] = [
  ['3.4.14', [], 'unproved'],
  ['3.8.4', [], 'enforced'],
  ['3.9.5', [], 'enforced'],
  ['3.8.4', [SKIPS], 'ignored'],
];

for (const [version, jvmFlags, expected] of kinds) {
  describe(`a door of ZooKeeper ${version}${jvmFlags.length > 0 ? ' that skips ACLs' : ''}`, function () {
    this.timeout(60_000);
    const store = new ZookeeperStore();
    const ports = {
      store,
      secrets: (reference: string | null) =>
        Promise.resolve(reference === null ? null : reference === 'env:MESOS' ? LOGIN : 'k'.repeat(40)),
    } as unknown as Ports;
    const activities = createPublishingActivities(ports);
    const sessions: ZnodeSession[] = [];
    let dir: string;
    let ensemble: Ensemble;
    let config: ClusterConfig;

    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'zkferry-door-'));
      const subnet = await freeSubnet();
      ensemble = await startEnsemble({ dir, version, addresses: [`${subnet}.1`], jvmFlags });
      const base = aDualConfig();
      const [server] = base.target.servers;
      assert.ok(server);
      const servers = [{ ...server, address: `${subnet}.1` }];
      config = {
        ...base,
        source: { servers },
        target: { ...base.target, servers },
        credentials: { ...base.credentials, source: 'env:MESOS', target: 'env:MESOS' },
      };
    });
    after(async () => {
      await ensemble.stop();
      await rm(dir, { recursive: true, force: true });
    });
    afterEach(async () => {
      await Promise.all(sessions.splice(0).map((session) => session.close()));
    });

    const login = async (credentials: string | null): Promise<ZnodeSession> => {
      const servers = config.target.servers.map(({ name, address, clientPort }) => ({ name, address, clientPort }));
      const session = await store.connect(servers, { credentials, timeoutMs: 10_000 }, never);
      sessions.push(session);
      return session;
    };
    /** Of a server: whom it lets create under both parents. */
    const tries = async (session: ZnodeSession): Promise<string[]> => {
      const outcomes: string[] = [];
      for (const path of PARENTS) {
        const outcome = await session.create(`${path}/try`, Buffer.alloc(0), OPEN, 'ephemeral').then(
          () => 'created',
          (error: { reason?: string }) => error.reason ?? 'failed',
        );
        await session.remove(`${path}/try`);
        outcomes.push(outcome);
      }
      return outcomes;
    };
    /** Without its migration's marker no door is closed. */
    const mark = async (side: 'source' | 'target'): Promise<void> => {
      const session = await login(LOGIN);
      await session.create('/zkferry-marker-test', Buffer.alloc(0), OPEN, 'persistent');
      await session.setData('/zkferry-marker-test', Buffer.from(markerText(side, 'm1')));
    };
    const step = (generation: number, side: 'source' | 'target' = 'target') => ({
      config,
      migration: 'm1',
      generation,
      ensemble: side,
    });

    it(`is ${expected} as far as can be seen without writing`, async () => {
      const stranger = await login(null);
      const before = await stranger.read('/zookeeper/config');
      assert.equal(await seeAclEnforcement(stranger), expected);
      assert.deepEqual(await stranger.read('/zookeeper/config'), before, 'nothing was written');
      assert.equal(before === null, version === '3.4.14');
    });

    if (expected === 'ignored') {
      it('is refused by the proof, which leaves nothing behind', async () => {
        await assert.rejects(activities.proveAcls(step(1)), AclsNotEnforcedError);
        assert.deepEqual(await (await login(null)).children('/'), ['zookeeper']);
      });
      return;
    }

    it('passes the proof, which leaves nothing behind', async () => {
      await activities.proveAcls(step(1));
      assert.deepEqual(await (await login(null)).children('/'), ['zookeeper']);
    });

    for (const [who, acl] of [
      ['everybody', OPEN],
      [
        'the masters’ identity',
        [
          { permissions: 1, scheme: 'world', id: 'anyone' },
          { permissions: 31, scheme: 'digest', id: digestId(LOGIN) },
        ],
      ],
    ] as readonly [string, readonly Acl[]][]) {
      it(`that was open to ${who} keeps masters out, lets the publisher pass, and opens again as it was`, async () => {
        const master = await login(LOGIN);
        for (const path of PARENTS) await master.create(path, Buffer.alloc(0), acl, 'persistent');
        const publisher = await login((await publisherKey(ports, config)).identity);
        assert.deepEqual(await tries(master), ['created', 'created']);
        await mark('target');
        await activities.closeDoor(step(1));
        assert.deepEqual(await tries(master), ['NO_AUTH', 'NO_AUTH']);
        assert.deepEqual(await tries(publisher), ['created', 'created']);
        await activities.openDoor(step(2));
        assert.deepEqual(await tries(master), ['created', 'created']);
        for (const path of PARENTS) assert.deepEqual(await master.acl(path), acl);
        await activities.closeDoor(step(3));
        assert.deepEqual(await tries(master), ['NO_AUTH', 'NO_AUTH']);
        await activities.removeDoor(step(4));
        assert.deepEqual(await tries(master), ['created', 'created']);
        assert.deepEqual(await forgetDoor(ports, step(4)), []);
        assert.deepEqual((await master.children('/'))?.sort(), ['mesos', 'zookeeper']);
        for (const path of [...PARENTS].reverse()) await master.remove(path);
      });
    }

    it('guards the clearing of what dead masters left behind', async () => {
      const master = await login(LOGIN);
      for (const path of PARENTS) await master.create(path, Buffer.alloc(0), OPEN, 'persistent');
      const pid = `master@${config.masters[0]?.address ?? ''}:5050`;
      await master.create('/mesos/json.info_0000000007', Buffer.from(JSON.stringify({ pid })), OPEN, 'ephemeral');
      await master.create('/mesos/log_replicas/0000000003', Buffer.from(pid), OPEN, 'ephemeral');
      await assert.rejects(activities.clearElection(step(1, 'source')), DoorOpenError);
      await mark('source');
      await activities.closeDoor(step(1, 'source'));
      const { removed } = await activities.clearElection(step(1, 'source'));
      assert.deepEqual(removed, ['/mesos/json.info_0000000007', '/mesos/log_replicas/0000000003']);
      await activities.removeDoor(step(2, 'source'));
      assert.deepEqual(await forgetDoor(ports, step(2, 'source')), []);
      for (const path of [...PARENTS].reverse()) await master.remove(path);
    });
  });
}
