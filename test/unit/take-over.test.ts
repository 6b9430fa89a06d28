import assert from 'node:assert/strict';
import { createLockActivities } from '../../activities/ensembles/lock.js';
import type { Ports } from '../../activities/ports.js';
import { createDoorActivities } from '../../activities/publishing/door.js';
import { createPublisherActivities } from '../../activities/publishing/publisher-activities.js';
import { markerText } from '../../activities/reach/marker.js';
import { createTakeOverActivities } from '../../activities/take-over/index.js';
import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import { takeOverPlan } from '../../src/domain/doctor/take-over-plan.js';
import { takeOverFindings } from '../../src/domain/doctor/take-over-rules.js';
import { FencedError } from '../../src/domain/host-errors.js';
import { LockedError } from '../../src/domain/proof-errors.js';
import { TakeOverRunningError } from '../../src/domain/take-over-errors.js';
import { PublisherTakenError } from '../../src/domain/publishing-errors.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { heldTree, MIGRATION, onObservers } from '../fakes/observations.js';
import { aConfig } from '../fakes/plans.js';
import { aSpreadConfig, aSurvey } from '../fakes/surveys.js';

const OLD = 'zkferry-test/0aa1';
const NEW = 'zkferry-test/0bb2';
const LOCK = '/zkferry-test';
const MARKER = '/zkferry-marker-test';

function aPair(strategy: ClusterConfig['strategy'] = 'dual-publishing') {
  const base = aConfig();
  const at = (address: string): ServerConfig[] => base.source.servers.map((server) => ({ ...server, address }));
  const config: ClusterConfig = {
    ...base,
    strategy,
    source: { servers: at('10.0.0.1') },
    target: { ...base.target, servers: at('10.0.0.2') },
    credentials: { source: null, target: null, mesos: null, publisher: 'env:PUBLISHER' },
  };
  const of = (side: 'source' | 'target') =>
    new FakeEnsemble(config[side].servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`));
  const [source, target] = [of('source'), of('target')];
  for (const ensemble of [source, target]) ensemble.put('/mesos', Buffer.alloc(0), OPEN, 0n);
  const secrets = (reference: string | null) => Promise.resolve(reference === null ? null : 's'.repeat(32));
  const ports = { store: new FakeZnodeStore([source, target]), secrets } as unknown as Ports;
  const text = (ensemble: FakeEnsemble, path: string) => ensemble.entries.get(path)?.data.toString('utf8') ?? null;
  return { config, ports, source, target, text };
}

const mark = (ensemble: FakeEnsemble, side: 'source' | 'target', migration: string) =>
  ensemble.put(MARKER, Buffer.from(markerText(side, migration)), OPEN, 0n);
const step = (config: ClusterConfig, migration: string, generation: number) => ({ config, migration, generation });
const both = ['source', 'target'] as const;

describe('taking over the lock', () => {
  it('changes its holder, once, and again when its reply was lost', async () => {
    const { config, ports, source, text } = aPair();
    const locks = createLockActivities(ports);
    await locks.acquireLock({ config, migration: OLD });
    await locks.takeOverLock({ config, migration: NEW, from: OLD });
    await locks.takeOverLock({ config, migration: NEW, from: OLD });
    assert.match(text(source, LOCK) ?? '', new RegExp(`"migration":"${NEW}"`));
    await locks.releaseLock({ config, migration: OLD });
    assert.ok(source.entries.has(LOCK), 'the one of before cannot release it any more');
  });

  it('remembers whose traces it took over, for whoever takes over from it half-way', async () => {
    const { config, ports } = aPair();
    const locks = createLockActivities(ports);
    await locks.acquireLock({ config, migration: OLD });
    await locks.takeOverLock({ config, migration: NEW, from: OLD });
    const third = { config, migration: 'zkferry-test/0cc3', from: NEW };
    assert.deepEqual(await locks.takeOverLock(third), { from: [NEW, OLD] });
    assert.deepEqual(await locks.takeOverLock(third), { from: [NEW, OLD] });
  });

  it('takes it where it was released, and refuses one of a third migration', async () => {
    const { config, ports, source } = aPair();
    const locks = createLockActivities(ports);
    await locks.takeOverLock({ config, migration: NEW, from: OLD });
    assert.ok(source.entries.has(LOCK));
    await assert.rejects(locks.takeOverLock({ config, migration: 'x/3', from: OLD }), LockedError);
  });
});

describe('taking over znodes', () => {
  it('re-labels the markers and makes a missing one, but touches none of a third migration', async () => {
    const { config, ports, source, target, text } = aPair('observers');
    mark(source, 'source', OLD);
    const { takeOverTrees } = createTakeOverActivities(ports);
    await takeOverTrees({ ...step(config, NEW, 1_041), from: [OLD], ensembles: both });
    assert.equal(text(source, MARKER), `source ${NEW}`);
    assert.equal(text(target, MARKER), `target ${NEW}`);
    mark(target, 'target', 'x/3');
    await assert.rejects(takeOverTrees({ ...step(config, NEW, 1_041), from: [OLD], ensembles: both }), LockedError);
    assert.equal(text(target, MARKER), 'target x/3');
  });

  it('keeps a closed door closed, and fences the migration of before at it', async () => {
    const { config, ports, source, target } = aPair();
    mark(source, 'source', OLD);
    mark(target, 'target', OLD);
    const doors = createDoorActivities(ports);
    await doors.closeDoor({ ...step(config, OLD, 9), ensemble: 'target' });
    const closed = target.entries.get('/mesos')?.acl;
    const taking = { ...step(config, NEW, 1_041), from: [OLD], ensembles: both };
    await createTakeOverActivities(ports).takeOverTrees(taking);
    await createTakeOverActivities(ports).takeOverTrees(taking);
    assert.deepEqual(target.entries.get('/mesos')?.acl, closed);
    await assert.rejects(doors.openDoor({ ...step(config, OLD, 5_000), ensemble: 'target' }), FencedError);
    assert.deepEqual(target.entries.get('/mesos')?.acl, closed);
    await doors.openDoor({ ...step(config, NEW, 1_042), ensemble: 'target' });
    assert.notDeepEqual(target.entries.get('/mesos')?.acl, closed);
  });

  it('passes the owner znode on, and refuses every step of the migration of before', async () => {
    const { config, ports, source, target } = aPair();
    mark(source, 'source', OLD);
    mark(target, 'target', OLD);
    const publisher = createPublisherActivities(ports);
    await publisher.preparePublisher(step(config, OLD, 4));
    const taking = { ...step(config, NEW, 1_041), from: [OLD], ensembles: both };
    await createTakeOverActivities(ports).takeOverTrees(taking);
    await createTakeOverActivities(ports).takeOverTrees(taking);
    await assert.rejects(publisher.withdrawMirrors(step(config, OLD, 5_000)), PublisherTakenError);
    await assert.rejects(publisher.resumePublishing(step(config, OLD, 5_000)), PublisherTakenError);
    await publisher.withdrawMirrors(step(config, NEW, 1_042));
    await publisher.removePublisher(step(config, NEW, 1_042));
    assert.ok(!target.entries.has('/zkferry-publisher-test'));
  });
});

describe('what speaks against a take-over', () => {
  const config = aSpreadConfig();
  const found = (from: string, seen = onObservers(config), survey = aSurvey(config)) =>
    takeOverFindings(config, survey, seen, { from, migration: NEW })
      .filter(({ verdict }) => verdict === 'block')
      .map(({ id }) => id);

  it('is nothing where all traces are of the migration that is taken over', () => {
    assert.deepEqual(found(MIGRATION), []);
  });

  it('is a trace of another migration, unless the one taken over was taking that one over', () => {
    const both = {
      ...onObservers(config),
      target: heldTree('target', 'test', { marker: { ensemble: 'target', migration: 'x/3' } }),
    };
    assert.deepEqual(found(MIGRATION, both), ['other-migration']);
    assert.deepEqual(found(MIGRATION, { ...both, source: { ...both.source, tookOver: ['x/3'] } }), []);
  });

  it('is that nothing names it', () => {
    assert.deepEqual(found('zkferry-test/typo'), ['other-migration', 'nothing-to-take-over']);
  });

  it('is a host of which nothing can be seen, but not that nobody leads or target is down', () => {
    const failures = (check: 'host' | 'leading-master' | 'target-tree') => ({
      ...aSurvey(config),
      failures: [{ check, host: 'm2', message: 'no answer', remedy: null }],
    });
    assert.deepEqual(found(MIGRATION, onObservers(config), failures('host')), ['check-host']);
    assert.deepEqual(found(MIGRATION, onObservers(config), failures('leading-master')), []);
    assert.deepEqual(found(MIGRATION, onObservers(config), failures('target-tree')), []);
  });
});

describe('the plan of a take-over', () => {
  it('is the same however the leading master orders its agents', () => {
    const config = aSpreadConfig();
    const seen = onObservers(config);
    const stepsOf = (agents: typeof seen.agents) =>
      takeOverPlan(config, aSurvey(config), { ...seen, agents }, { from: OLD, migration: NEW }).steps;
    const moves = stepsOf(seen.agents).filter(({ phase }) => phase === 'move-agents');
    assert.ok(moves.length > 1, `${String(moves.length)} agents`);
    assert.deepEqual(stepsOf([...seen.agents].reverse()), stepsOf(seen.agents));
  });
});

describe('what still runs', () => {
  it('is not taken over, and is named', async () => {
    const { ports } = aPair();
    const runs = { running: () => Promise.resolve(['zkferry-test/cut-over-9']) };
    const { requireEnded } = createTakeOverActivities({ ...ports, runs });
    await assert.rejects(requireEnded({ cluster: 'test', from: OLD }), (error: unknown) => {
      assert.ok(error instanceof TakeOverRunningError);
      assert.match(error.message, /cut-over-9/);
      return true;
    });
  });
});
