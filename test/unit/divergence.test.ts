import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Divergence } from '../../activities/contract.js';
import { createDivergenceWatch } from '../../activities/publishing/divergence.js';
import { ownerAcl, ownerBody, ownerPath, type PublisherMode } from '../../activities/publishing/owner-znode.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import type { Ports } from '../../activities/ports.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import { DiscordClock, type Leading } from '../../src/domain/publishing/divergence.js';
import type { SessionKey } from '../../src/ports/znode-store.js';
import { SILENT, type Telemetry } from '../../src/ports/telemetry.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aDualConfig } from '../fakes/surveys.js';

const a: Leading = { name: 'json.info_0000000004', id: 'a', pid: 'master@10.1.0.7:5050' };
const b: Leading = { name: 'json.info_0000000005', id: 'b', pid: 'master@10.1.0.8:5050' };

describe('the clock of discord', () => {
  const clock = () => new DiscordClock({ mirrorMs: 1_000, blindMs: 3_000 });
  /** One look every 100 ms, and what the first of them that is one told. */
  const watch = (
    looks: number,
    see: (index: number) => { source?: Leading | null; target?: Leading | null; withdrawn?: boolean },
    everyMs = 100,
  ) => {
    const one = clock();
    for (let index = 0; index < looks; index += 1) {
      const { source, target, withdrawn = false } = see(index);
      const told = one.look({ atMs: index * everyMs, source, target, withdrawn });
      if (told !== null) return told;
    }
    return null;
  };

  it('tells of leaders that differ for longer than the mirror may take, and how long', () => {
    assert.equal(
      watch(11, () => ({ source: a, target: b })),
      null,
    );
    assert.deepEqual(
      watch(12, () => ({ source: a, target: b })),
      {
        kind: 'divergence',
        source: `${a.name} (${a.pid})`,
        target: `${b.name} (${b.pid})`,
        forMs: 1_100,
      },
    );
    assert.equal(watch(12, () => ({ source: a, target: null }))?.kind, 'divergence');
    assert.equal(watch(12, () => ({ source: null, target: a }))?.kind, 'divergence');
  });

  it('tells one process from the next under the same name', () => {
    assert.equal(watch(12, () => ({ source: a, target: { ...a, id: 'later' } }))?.kind, 'divergence');
  });

  it('begins anew whenever both agree', () => {
    assert.equal(
      watch(50, (index) => ({ source: a, target: index % 10 === 9 ? a : b })),
      null,
    );
  });

  it('holds nothing against a target that is meant to be empty', () => {
    assert.equal(
      watch(50, () => ({ source: a, target: null, withdrawn: true })),
      null,
    );
  });

  it('takes nothing for lasting that it has not watched', () => {
    assert.equal(
      watch(50, () => ({ source: a, target: b }), 1_500),
      null,
    );
  });

  it('tells of a side that is out of sight for too long, and of no other', () => {
    assert.equal(
      watch(31, () => ({ source: a })),
      null,
    );
    assert.deepEqual(
      watch(32, () => ({ source: a })),
      { kind: 'blind', ensemble: 'target', forMs: 3_100 },
    );
    assert.deepEqual(
      watch(42, (index) => (index < 10 ? { source: a, target: a } : { target: a })),
      {
        kind: 'blind',
        ensemble: 'source',
        forMs: 3_100,
      },
    );
    assert.equal(
      watch(80, (index) => (index % 30 === 0 ? { source: a, target: a } : { source: a })),
      null,
    );
  });
});

describe('the watch over both ensembles', () => {
  const base = aDualConfig();
  const config: ClusterConfig = {
    ...base,
    policy: { ...base.policy, timeouts: { ...base.policy.timeouts, mirrorMs: 300 } },
  };
  let source: FakeEnsemble;
  let target: FakeEnsemble;
  let ports: Ports;
  let cancel: AbortController;

  const servers = (side: 'source' | 'target') =>
    config[side].servers.map(({ name, address, clientPort }) => ({ name, address, clientPort }));
  const body = (index: number): Buffer => {
    const master = config.masters[index];
    return Buffer.from(JSON.stringify({ id: `id-${String(index)}`, pid: `master@${master?.address ?? ''}:5050` }));
  };
  const name = (index: number): string => `/mesos/json.info_000000000${String(index)}`;
  const sessionAt = async (side: 'source' | 'target', identity: string[] = []) => {
    const options = { credentials: null, moreCredentials: identity, timeoutMs: 1_000, sessionTimeoutMs: 8_000 };
    return ports.store.connectHeld(servers(side), options, cancel.signal);
  };
  const write = async (mode: PublisherMode, session: SessionKey): Promise<void> => {
    const key = await publisherKey(ports, config);
    const as = await sessionAt('target', [key.identity]);
    const data = ownerBody(key, { migration: 'm1', owner: 't', mode, generation: 1, session });
    if ((await as.create(ownerPath('test'), data, ownerAcl(key), 'persistent')) === null)
      await as.setData(ownerPath('test'), data);
  };
  const started: Promise<unknown>[] = [];
  /** What the watch returns; it is ended with the test. */
  const watching = (
    through = ports,
    asked: readonly string[] = [],
  ): { readonly told: () => Divergence | null; readonly done: Promise<Divergence> } => {
    let found: Divergence | null = null;
    const done = createDivergenceWatch(through).watchDivergence({ config, migration: 'm1', asked });
    started.push(done.then((value) => (found = value)).catch(() => undefined));
    return { told: () => found, done };
  };

  beforeEach(async () => {
    cancel = new AbortController();
    const addresses = (side: 'source' | 'target') =>
      servers(side).map((one) => `${one.address}:${String(one.clientPort)}`);
    [source, target] = [new FakeEnsemble(addresses('source')), new FakeEnsemble(addresses('target'))];
    ports = {
      store: new FakeZnodeStore([source, target]),
      secrets: (reference: string | null) => Promise.resolve(reference === null ? null : 'k'.repeat(40)),
    } as unknown as Ports;
    for (const ensemble of [source, target]) ensemble.put('/mesos', Buffer.alloc(0), OPEN, 0n);
    source.put('/zkferry-test', Buffer.from('{}'), OPEN, 0n);
  });
  afterEach(async () => {
    // An unreadable owner is for a person, which ends whatever watch is left.
    target.put(ownerPath('test'), Buffer.from('{}'), OPEN, 0n);
    await Promise.all(started.splice(0));
  });

  /** Two masters in source, and their mirrors in target. */
  const mirrored = async () => {
    const masters = await sessionAt('source');
    const publisher = await sessionAt('target');
    await write('publishing', publisher.key);
    for (const index of [0, 1]) {
      await masters.create(name(index), body(index), OPEN, 'ephemeral');
      await publisher.create(name(index), body(index), OPEN, 'ephemeral');
    }
    return { masters, publisher };
  };
  const settle = () => delay(500);

  it('goes on while both sides name the same leader, signed in on source', async () => {
    await mirrored();
    const watch = watching();
    await settle();
    assert.equal(watch.told(), null);
    const signedIn = [...source.entries].filter(([path]) => path.startsWith('/zkferry-test/watch-'));
    assert.equal(signedIn.length, 1);
    assert.notEqual(signedIn[0]?.[1].owner, 0n);
  });

  it('tells monitoring who leads on each side, by the name of the config', async () => {
    const { masters, publisher } = await mirrored();
    const seen = new Map<string, string | null>();
    const leader: Telemetry['leader'] = ({ cluster, ensemble, leader: who }) => seen.set(`${cluster} ${ensemble}`, who);
    watching({ ...ports, telemetry: { ...SILENT, leader } });
    await settle();
    assert.deepEqual(Object.fromEntries(seen), { 'test source': 'm1', 'test target': 'm1' });
    for (const session of [masters, publisher]) for (const index of [0, 1]) await session.remove(name(index));
    await settle();
    assert.deepEqual(Object.fromEntries(seen), { 'test source': null, 'test target': null });
  });

  it('tells at once of a contender in target that is not the publisher’s, and whose it is', async () => {
    await mirrored();
    const watch = watching();
    await delay(150);
    const early = await sessionAt('target');
    const since = performance.now();
    await early.create(name(9), body(2), OPEN, 'ephemeral');
    assert.deepEqual(await watch.done, {
      kind: 'native-contender',
      znode: name(9),
      pid: `master@${config.masters[2]?.address ?? ''}:5050`,
      master: 'm3',
    });
    assert.ok(performance.now() - since < 1_000);
  });

  it('keeps quiet about what people are asked already, and tells of anything else', async () => {
    const { masters } = await mirrored();
    const early = await sessionAt('target');
    await early.create(name(8), body(1), OPEN, 'ephemeral');
    await masters.remove(name(0));
    const watch = watching(ports, [name(8), 'divergence']);
    await delay(700);
    assert.equal(watch.told(), null);
    await early.create(name(9), body(2), OPEN, 'ephemeral');
    const found = await watch.done;
    assert.equal(found.kind === 'native-contender' && found.znode, name(9));
  });

  it('takes nobody for native while no owner znode says which are the mirrors', async () => {
    await mirrored();
    target.delete(ownerPath('test'));
    const watch = watching();
    await settle();
    assert.equal(watch.told(), null);
  });

  it('tells at once although source answers nothing any more', async () => {
    await mirrored();
    let hangs = false;
    const turn = (ensemble: FakeEnsemble) =>
      new Promise<'done'>((resolve) => {
        if (ensemble !== source || !hangs) resolve('done');
      });
    const watch = watching({ ...ports, store: new FakeZnodeStore([source, target], { turn }) });
    await delay(150);
    hangs = true;
    await delay(150);
    const early = await sessionAt('target');
    const since = performance.now();
    await early.create(name(9), body(2), OPEN, 'ephemeral');
    assert.equal((await watch.done).kind, 'native-contender');
    assert.ok(performance.now() - since < 1_000);
  });

  it('tells of one that stood before the watch began, although it bears the name of an original', async () => {
    const { publisher } = await mirrored();
    await publisher.remove(name(1));
    const early = await sessionAt('target');
    await early.create(name(1), Buffer.from(JSON.stringify({ pid: 'master@10.9.9.9:5050' })), OPEN, 'ephemeral');
    assert.deepEqual(await watching().done, {
      kind: 'native-contender',
      znode: name(1),
      pid: 'master@10.9.9.9:5050',
      master: null,
    });
  });

  it('does not take a mirror for native whose original has just gone', async () => {
    const { masters } = await mirrored();
    await masters.remove(name(1));
    const watch = watching();
    await settle();
    assert.equal(watch.told(), null);
  });

  it('does not take mirrors for native when the publisher has a new session', async () => {
    const { publisher } = await mirrored();
    const watch = watching();
    await delay(150);
    const next = await sessionAt('target');
    target.endSession(BigInt(publisher.sessionId));
    await write('publishing', next.key);
    for (const index of [0, 1]) await next.create(name(index), body(index), OPEN, 'ephemeral');
    await settle();
    assert.equal(watch.told(), null);
  });

  it('does not even when the new session takes over in the middle of a look', async () => {
    const { publisher } = await mirrored();
    let takeOver: (() => Promise<void>) | null = async () => {
      takeOver = null;
      const next = await sessionAt('target');
      target.endSession(BigInt(publisher.sessionId));
      await write('publishing', next.key);
      for (const index of [0, 1]) await next.create(name(index), body(index), OPEN, 'ephemeral');
    };
    const turn = async (ensemble: FakeEnsemble, operation: string) => {
      if (ensemble === target && operation === 'list') await takeOver?.();
      return 'done' as const;
    };
    const watch = watching({ ...ports, store: new FakeZnodeStore([source, target], { turn }) });
    await settle();
    assert.equal(takeOver, null);
    assert.equal(watch.told(), null);
  });

  it('tells when target keeps naming a leader that source has lost', async () => {
    const { masters } = await mirrored();
    const watch = watching();
    await delay(150);
    await masters.remove(name(0));
    const told = await watch.done;
    assert.equal(told.kind, 'divergence');
    assert.match(JSON.stringify(told), /json\.info_0000000001.*json\.info_0000000000/);
  });

  it('is silent while the mirrors are withdrawn on purpose', async () => {
    const { publisher } = await mirrored();
    await write('withdrawn', publisher.key);
    for (const index of [0, 1]) await publisher.remove(name(index));
    const watch = watching();
    await settle();
    assert.equal(watch.told(), null);
  });

  it("ends with the publisher's key when it is another one, since looking again cannot help", async () => {
    await mirrored();
    const secrets = (reference: string | null) => Promise.resolve(reference === null ? null : 'x'.repeat(40));
    const error: unknown = await watching({ ...ports, secrets }).done.catch((cause: unknown) => cause);
    assert.match(String(error), /NO_AUTH|key cannot be used/);
  });

  it('leaves no session behind', async () => {
    await mirrored();
    const before = source.sessions.size + target.sessions.size;
    const watch = watching();
    await delay(150);
    assert.equal(source.sessions.size + target.sessions.size, before + 2);
    const early = await sessionAt('target');
    await early.create(name(9), body(2), OPEN, 'ephemeral');
    await watch.done;
    assert.equal(source.sessions.size + target.sessions.size, before + 1);
  });

  it('replaces sessions that are lost', async () => {
    const { publisher } = await mirrored();
    const watch = watching();
    await delay(150);
    for (const ensemble of [source, target]) {
      for (const id of [...ensemble.sessions.keys()]) {
        const holds = [...ensemble.entries].some(([path, { owner }]) => owner === id && path.startsWith('/mesos'));
        if (!holds && id !== BigInt(publisher.sessionId)) ensemble.endSession(id);
      }
    }
    await settle();
    assert.equal(watch.told(), null);
    const early = await sessionAt('target');
    await early.create(name(9), body(2), OPEN, 'ephemeral');
    assert.equal((await watch.done).kind, 'native-contender');
  });
});
