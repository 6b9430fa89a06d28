import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createLockActivities } from '../../activities/ensembles/lock.js';
import type { Ports } from '../../activities/ports.js';
import { ownerPath } from '../../activities/publishing/owner-znode.js';
import { createPublisherActivities } from '../../activities/publishing/publisher-activities.js';
import { lockPath } from '../../activities/reach/marker.js';
import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import { SILENT, type Telemetry } from '../../src/ports/telemetry.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aConfig } from '../fakes/plans.js';

const path = '/mesos';
const name = (number: number): string => `json.info_${String(number).padStart(10, '0')}`;
const body = Buffer.from(JSON.stringify({ id: 'x', ip: 1, port: 5050 }));

function aPair(): { config: ClusterConfig; ports: Ports; source: FakeEnsemble; target: FakeEnsemble } {
  const base = aConfig();
  const at = (address: string): ServerConfig[] => base.source.servers.map((server) => ({ ...server, address }));
  const config: ClusterConfig = {
    ...base,
    electionPath: path,
    source: { servers: at('10.0.0.1') },
    target: { ...base.target, servers: at('10.0.0.2') },
    credentials: { source: null, target: null, mesos: null, publisher: 'env:PUBLISHER' },
  };
  const [source, target] = (['source', 'target'] as const).map(
    (side) =>
      new FakeEnsemble(config[side].servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`)),
  ) as [FakeEnsemble, FakeEnsemble];
  for (const ensemble of [source, target]) ensemble.put(path, Buffer.alloc(0), OPEN, 0n);
  for (const number of [7, 8]) source.put(`${path}/${name(number)}`, body, OPEN, 1n);
  const store = new FakeZnodeStore([source, target]);
  const secrets = (reference: string | null) => Promise.resolve(reference === null ? null : 's'.repeat(32));
  return { config, ports: { store, secrets } as unknown as Ports, source, target };
}

const mirrorsIn = (target: FakeEnsemble): string[] =>
  [...target.entries.keys()].filter((key) => key.startsWith(`${path}/`)).sort();

describe('the activities of the publisher', () => {
  const both = [7, 8].map((number) => `${path}/${name(number)}`);

  it('publish until they are cancelled, tell what stands, and leave the mirrors to the next attempt', async () => {
    const { config, ports, target } = aPair();
    const step = { config, migration: 'm1', generation: 1 };
    const activities = createPublisherActivities(ports);
    await createLockActivities(ports).acquireLock(step);
    await activities.preparePublisher(step);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const env = new MockActivityEnvironment();
      const told = new Promise<void>((resolve) => {
        env.on('heartbeat', (detail: unknown) => {
          if (detail === '2 mirrors stand') resolve();
        });
      });
      const run = env.run(activities.runPublisher, step);
      await told;
      const standing = mirrorsIn(target).map((one) => target.entries.get(one)?.czxid);
      env.cancel('WORKER_SHUTDOWN');
      await assert.rejects(run);
      assert.deepEqual(mirrorsIn(target), both);
      assert.deepEqual(
        mirrorsIn(target).map((one) => target.entries.get(one)?.czxid),
        standing,
      );
    }
    assert.equal((await activities.awaitMirrored({ ...step, patienceMs: 1_000 })).mirrored, 2);
    await activities.removePublisher(step);
    assert.deepEqual(mirrorsIn(target), []);
    assert.equal(target.sessions.size, 0);
  });

  it('tell monitoring how many mirrors stand, and how late only where something had changed', async () => {
    const { config, ports, source } = aPair();
    const step = { config, migration: 'm1', generation: 1 };
    const rounds: Parameters<Telemetry['published']>[0][] = [];
    const telemetry = { ...SILENT, published: (round: (typeof rounds)[number]) => void rounds.push(round) };
    const activities = createPublisherActivities({ ...ports, telemetry });
    await createLockActivities(ports).acquireLock(step);
    await activities.preparePublisher(step);
    const env = new MockActivityEnvironment();
    const run = env.run(activities.runPublisher, step);
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await until(() => rounds.length >= 3);
    const quiet = rounds.at(-1);
    assert.deepEqual(quiet, { cluster: config.cluster, mirrors: 2, troubled: false, delayMs: null });
    const since = rounds.length;
    source.put(`${path}/${name(12)}`, body, OPEN, 1n);
    await until(() => rounds.at(-1)?.mirrors === 3);
    const followed = rounds.slice(since).find(({ mirrors }) => mirrors === 3);
    assert.ok(followed?.delayMs !== null && followed !== undefined && followed.delayMs >= 0, JSON.stringify(followed));
    source.reachable = false;
    for (const { id } of [...source.connections]) source.endSession(id);
    await until(() => rounds.at(-1)?.troubled === true);
    env.cancel('WORKER_SHUTDOWN');
    await assert.rejects(run);
  });

  it('follow a contender that joins without waiting for the next poll', async () => {
    const { config, ports, source, target } = aPair();
    const step = { config, migration: 'm1', generation: 1 };
    const activities = createPublisherActivities(ports);
    await createLockActivities(ports).acquireLock(step);
    await activities.preparePublisher(step);
    const env = new MockActivityEnvironment();
    const delays: number[] = [];
    let stands = 2;
    let joinedAt = performance.now();
    const join = (): void => {
      joinedAt = performance.now();
      source.put(`${path}/${name(10 + stands)}`, body, OPEN, 1n);
    };
    const followed = new Promise<void>((resolve) => {
      env.on('heartbeat', (detail: unknown) => {
        if (detail !== `${String(stands)} mirrors stand`) return;
        delays.push(performance.now() - joinedAt);
        stands += 1;
        if (stands > 7) resolve();
        // Once before it sleeps, then in the middle of its sleep.
        else if (stands === 3) join();
        else setTimeout(join, 20);
      });
    });
    const run = env.run(activities.runPublisher, step);
    await followed;
    env.cancel('CANCELLED');
    await assert.rejects(run);
    // The best of several: a busy machine may delay any of them, a poll would delay all.
    const [, ...later] = delays;
    assert.ok(Math.min(...later) < 100, `${later.join(', ')} ms`);
    assert.equal(mirrorsIn(target).length, 7);
  });

  it('refuse what belongs to another migration, and do nothing where there is no publisher', async () => {
    const { config, ports, target } = aPair();
    const activities = createPublisherActivities(ports);
    const [mine, other] = [
      { config, migration: 'm1', generation: 1 },
      { config, migration: 'm2', generation: 1 },
    ];
    assert.deepEqual(await activities.withdrawMirrors(mine), { withdrawn: [] });
    await activities.removePublisher(mine);
    await assert.rejects(activities.resumePublishing(mine), { reason: 'NO_NODE' });
    await activities.preparePublisher(mine);
    const taken = { code: 'FERRY_PUBLISHER_TAKEN', retryable: false };
    await assert.rejects(activities.preparePublisher(other), taken);
    await assert.rejects(activities.withdrawMirrors(other), taken);
    await assert.rejects(activities.resumePublishing(other), taken);
    await activities.removePublisher(other);
    assert.ok(target.entries.has(ownerPath(config.cluster)));
    await assert.rejects(activities.runPublisher(other), { code: 'FERRY_PUBLISHER_FENCED', retryable: false });
  });

  it('refuse to withdraw or to publish again for a step that comes after a later one', async () => {
    const { config, ports, target } = aPair();
    const activities = createPublisherActivities(ports);
    const step = (generation: number) => ({ config, migration: 'm1', generation });
    await activities.preparePublisher(step(1));
    await activities.withdrawMirrors(step(3));
    await activities.resumePublishing(step(5));
    const version = target.entries.get(ownerPath(config.cluster))?.version;
    const late = { code: 'FERRY_FENCED', retryable: false };
    await assert.rejects(activities.withdrawMirrors(step(3)), late);
    await assert.rejects(activities.resumePublishing(step(4)), late);
    await activities.resumePublishing(step(5));
    assert.equal(target.entries.get(ownerPath(config.cluster))?.version, version, 'nothing was written');
  });

  it('leave the owner znode at a version that fences, even when the first try broke off half-way', async () => {
    const { config, ports, target } = aPair();
    const activities = createPublisherActivities(ports);
    const step = { config, migration: 'm1', generation: 1 };
    await activities.preparePublisher(step);
    const entry = target.entries.get(ownerPath(config.cluster));
    assert.equal(entry?.version, 1);
    entry.version = 0;
    await activities.preparePublisher(step);
    await activities.preparePublisher(step);
    assert.equal(entry.version, 1);
  });

  it('prove nothing mirrored while nobody stands in source or a body differs', async () => {
    const { config, ports, source, target } = aPair();
    const activities = createPublisherActivities(ports);
    const request = { config, migration: 'm1', patienceMs: 150 };
    const [seven, eight] = both as [string, string];
    target.put(seven, body, OPEN, 2n);
    target.put(eight, Buffer.from('other'), OPEN, 2n);
    await assert.rejects(activities.awaitMirrored(request), { code: 'FERRY_NOT_PROVED' });
    for (const one of both) {
      source.delete(one);
      target.delete(one);
    }
    await assert.rejects(activities.awaitMirrored(request), { code: 'FERRY_NOT_PROVED' });
  });

  it('release the lock although a dead worker is still signed in below it', async () => {
    const { config, ports, source } = aPair();
    const lock = createLockActivities(ports);
    await lock.acquireLock({ config, migration: 'm1' });
    source.put(`${lockPath(config.cluster)}/publisher-dead`, Buffer.alloc(0), OPEN, 99n);
    await lock.releaseLock({ config, migration: 'm2' });
    assert.ok(source.entries.has(lockPath(config.cluster)));
    await lock.releaseLock({ config, migration: 'm1' });
    assert.ok(!source.entries.has(lockPath(config.cluster)));
  });
});
