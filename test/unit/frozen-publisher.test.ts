import assert from 'node:assert/strict';
import { createLockActivities } from '../../activities/ensembles/lock.js';
import type { Ports } from '../../activities/ports.js';
import { createPublisherActivities } from '../../activities/publishing/publisher-activities.js';
import { Publisher } from '../../activities/publishing/publisher.js';
import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aConfig } from '../fakes/plans.js';

const path = '/mesos';
const name = 'json.info_0000000007';

/** A publisher that has mirrored the one contender of source, and its clock. */
async function aPublisher() {
  const base = aConfig();
  const at = (address: string): ServerConfig[] => base.source.servers.map((server) => ({ ...server, address }));
  const config: ClusterConfig = {
    ...base,
    source: { servers: at('10.0.0.1') },
    target: { ...base.target, servers: at('10.0.0.2') },
    credentials: { source: null, target: null, mesos: null, publisher: 'env:PUBLISHER' },
  };
  const ensemble = (side: 'source' | 'target') =>
    new FakeEnsemble(config[side].servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`));
  const [source, target] = [ensemble('source'), ensemble('target')];
  for (const one of [source, target]) one.put(path, Buffer.alloc(0), OPEN, 0n);
  source.put(`${path}/${name}`, Buffer.from(JSON.stringify({ id: 'x', ip: 1, port: 5050 })), OPEN, 1n);
  const secrets = (reference: string | null) => Promise.resolve(reference === null ? null : 's'.repeat(32));
  const ports = { store: new FakeZnodeStore([source, target]), secrets } as unknown as Ports;
  const step = { config, migration: 'm1', generation: 1 };
  await createLockActivities(ports).acquireLock(step);
  await createPublisherActivities(ports).raiseCounter(step);
  await createPublisherActivities(ports).preparePublisher(step);
  const clock = { now: 0 };
  const signal = new AbortController().signal;
  const options = { ports, config, migration: 'm1', token: 't', signal, now: () => clock.now, wake: () => undefined };
  const publisher = await Publisher.create(options);
  const stepAfter = async (ms: number): Promise<boolean> => {
    clock.now += ms;
    await publisher.step();
    return target.entries.has(`${path}/${name}`);
  };
  assert.equal(await stepAfter(0), true);
  /** As if source had not heard of it for so long that its session has expired. */
  const cutOffFromSource = (): void => {
    source.reachable = false;
    for (const { id } of [...source.connections]) source.endSession(id);
  };
  return { stepAfter, cutOffFromSource, source };
}

describe('a publisher that was frozen', () => {
  it('leaves its mirrors alone when it wakes and source answers', async () => {
    const { stepAfter, cutOffFromSource, source } = await aPublisher();
    cutOffFromSource();
    source.reachable = true;
    for (const ms of [20_000, 200, 200]) assert.equal(await stepAfter(ms), true);
  });

  it('withdraws them when source does not answer for a lease after it woke, however often it freezes', async () => {
    const { stepAfter, cutOffFromSource, source } = await aPublisher();
    cutOffFromSource();
    assert.equal(await stepAfter(20_000), true, 'it has to look first');
    assert.equal(await stepAfter(4_000), true, 'nor does a second freeze end the time to look');
    assert.equal(await stepAfter(4_000), false, 'or begin it again');
    source.reachable = true;
    // One round to learn that the session is gone, one to publish.
    await stepAfter(200);
    assert.equal(await stepAfter(200), true, 'source is back');
  });
});
