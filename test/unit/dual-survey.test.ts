import assert from 'node:assert/strict';
import type { Ports } from '../../activities/ports.js';
import { surveyAll } from '../../activities/planning/survey.js';
import { surveyClients } from '../../activities/planning/client-survey.js';
import { createResidueProofs } from '../../activities/proofs/residue-proofs.js';
import { createFullLogProof } from '../../activities/publishing/full-log.js';
import { signIn } from '../../activities/reach/own-sessions.js';
import { digestId } from '../../src/domain/digest-id.js';
import { NoAnswerError, NotProvedError } from '../../src/domain/proof-errors.js';
import { preflight } from '../../src/domain/preflight.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aDualConfig } from '../fakes/surveys.js';

const never = new AbortController().signal;
const config: ClusterConfig = aDualConfig();
const sides = ['source', 'target'] as const;
const serversOf = (side: 'source' | 'target') =>
  config[side].servers.map(({ name, address, clientPort }) => ({ name, address, clientPort }));

interface World {
  readonly source: FakeEnsemble;
  readonly target: FakeEnsemble;
  readonly ports: Ports;
}

/** Two ensembles whose servers answer, hosts and masters that do not. */
function aWorld(change: { readonly key?: string } = {}): World {
  const [source, target] = sides.map(
    (side) => new FakeEnsemble(serversOf(side).map(({ address, clientPort }) => `${address}:${String(clientPort)}`)),
  );
  assert.ok(source && target);
  const silent = (): Promise<never> => Promise.reject(new NoAnswerError('h', 'h:1', 'the test', false, 'silent'));
  const first = serversOf('source')[0]?.address;
  const sessions = (): string[] => [...source.sessions.keys()].map((id) => `0x${id.toString(16)}`);
  const ports = {
    store: new FakeZnodeStore([source, target]),
    probe: {
      state: ({ address }: { address: string }) =>
        Promise.resolve({ mode: address === first ? 'leader' : 'follower', version: '3.8.4', zxid: 0x3_0000_0001n }),
      settings: () => Promise.resolve(new Map()),
      sessions: () => Promise.resolve(sessions()),
      connections: ({ address }: { address: string }) =>
        Promise.resolve(
          address !== first
            ? []
            : sessions().map((sessionId, index) => ({ ip: '10.9.9.9', port: 40_000 + index, sessionId })),
        ),
    },
    shell: { run: silent },
    mesos: new Proxy({}, { get: () => silent }),
    secrets: (reference: string | null) => Promise.resolve(reference === null ? null : (change.key ?? 'k'.repeat(40))),
  } as unknown as Ports;
  return { source, target, ports };
}

const connect = ({ ports }: World, side: 'source' | 'target') =>
  ports.store.connect(serversOf(side), { credentials: null, timeoutMs: 1_000 }, never);

describe('the survey of clients with dual-publishing', () => {
  it('leaves out our own sessions, signed in or asking, and nobody else', async () => {
    const world = aWorld();
    const [publisher, stranger] = [await connect(world, 'source'), await connect(world, 'source')];
    await publisher.create('/zkferry-test', Buffer.from('{}'), OPEN, 'persistent');
    await signIn(publisher, config, 'publisher-x');
    const found = await surveyClients(world.ports, config, []);
    assert.deepEqual(
      found.map(({ sessionId }) => sessionId),
      [stranger.sessionId],
    );
  });

  it('with the other strategy opens no session and leaves nobody out', async () => {
    const world = aWorld();
    const mine = await connect(world, 'source');
    const other: ClusterConfig = { ...config, strategy: 'observers' };
    assert.deepEqual(
      (await surveyClients(world.ports, other, [])).map(({ sessionId }) => sessionId),
      [mine.sessionId],
    );
    assert.equal(world.source.sessions.size, 1);
  });
});

describe('the survey with dual-publishing', () => {
  const idsOf = async (world: World): Promise<string[]> => {
    const findings = preflight(config, await surveyAll(world.ports, config));
    assert.doesNotMatch(JSON.stringify(findings), /k{8}|short-secret/);
    return findings.filter(({ verdict }) => verdict !== 'warn').map(({ id, seen }) => `${id}: ${seen}`);
  };

  it('names what it finds of ours without reading it, and what could not be mirrored', async () => {
    const world = aWorld();
    const guarded = [{ permissions: 31, scheme: 'digest', id: 'somebody:else' }];
    for (const ensemble of [world.source, world.target]) ensemble.put('/mesos', Buffer.alloc(0), OPEN, 0n);
    world.target.put('/zkferry-publisher-test', Buffer.alloc(0), guarded, 0n);
    world.source.put('/zkferry-door-test', Buffer.alloc(0), guarded, 0n);
    world.source.put('/mesos/info_0000000003', Buffer.from('binary'), OPEN, 7n);
    const ids = await idsOf(world);
    const has = (text: string): void =>
      assert.ok(
        ids.some((id) => id.includes(text)),
        `${text}: ${ids.join('\n')}`,
      );
    has('residue: znode /zkferry-publisher-test');
    has('residue: znode /zkferry-door-test');
    has('contender-not-mirrored: info_0000000003');
    has('contenders-in-source: 1 contenders');
    assert.ok(!ids.some((id) => id.startsWith('unknown-subtree')), 'what is ours is no subtree of another program');
  });

  it("says of the publisher's key only that it cannot be used", async () => {
    assert.ok(
      (await idsOf(aWorld({ key: 'short-secret' }))).some((id) => /^check-publisher-key: .*fewer than 32/.test(id)),
    );
    assert.ok(!(await idsOf(aWorld())).some((id) => id.startsWith('check-publisher-key')));
  });

  it('asks for no write where doors are not used', async () => {
    const world = aWorld();
    const writes: string[] = [];
    const all = [world.source, world.target];
    const turn = (_: FakeEnsemble, operation: string, path: string) => {
      if (!['connect', 'read', 'list', 'read the ACL of'].includes(operation)) writes.push(`${operation} ${path}`);
      return Promise.resolve('done' as const);
    };
    const ports = { ...world.ports, store: new FakeZnodeStore(all, { turn }) };
    for (const ensemble of all)
      ensemble.put('/zookeeper/config', Buffer.alloc(0), [{ permissions: 1, scheme: 'world', id: 'anyone' }], 0n);
    await surveyAll(ports, { ...config, strategy: 'observers' });
    assert.deepEqual(writes, []);
    const survey = await surveyAll(ports, config);
    assert.deepEqual(writes, ['write /zookeeper/config', 'write /zookeeper/config']);
    assert.deepEqual([survey.source.acls, survey.target.acls], ['enforced', 'enforced']);
    assert.equal(world.source.entries.get('/zookeeper/config')?.version, 0);
  });
});

describe('the survey of an election path that target has not yet', () => {
  const login = 'mesos:otter';
  const asMesos = [
    { permissions: 1, scheme: 'world', id: 'anyone' },
    { permissions: 31, scheme: 'digest', id: digestId(login) },
  ];
  const observers: ClusterConfig = { ...config, strategy: 'observers' };
  /** @param target the reference of target's credentials; each reference is its own secret, but that of another user */
  async function refusalsWith(target: string | null, acl = asMesos): Promise<readonly string[]> {
    const world = aWorld();
    world.source.put('/mesos', Buffer.alloc(0), acl, 0n);
    const secrets = (reference: string | null) => Promise.resolve(reference);
    const credentials = { ...observers.credentials, source: login, target };
    const chosen = { ...observers, credentials };
    const findings = preflight(chosen, await surveyAll({ ...world.ports, secrets }, chosen));
    return findings.flatMap(({ id, seen, remedy }) =>
      id === 'election-refused' ? [`${seen}; ${String(remedy)}`] : [],
    );
  }

  it('blocks at once where its ACL would let nobody delete with the credentials of target', async () => {
    const [refusal, ...others] = await refusalsWith(null);
    assert.match(refusal ?? 'none', /will be made in target.*credentials\.target is not set.*set credentials\.target/);
    assert.deepEqual(others, []);
  });

  it('blocks nothing where they may, or are allowed to on the way, or everybody is', async () => {
    assert.deepEqual(await refusalsWith(login), []);
    assert.deepEqual(await refusalsWith('other:beaver'), [], 'its own identity is added');
    assert.deepEqual(await refusalsWith(null, [...OPEN]), []);
  });
});

describe('the search for residue', () => {
  it('names znodes of ours in either ensemble, also those that it may not read', async () => {
    const world = aWorld();
    const ports = {
      ...world.ports,
      shell: { run: () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '' }) },
    } as unknown as Ports;
    const find = async (): Promise<string[]> =>
      (await createResidueProofs(ports).findResidue({ config })).findings.map(
        ({ host, seen }) => `${String(host)} ${seen}`,
      );
    assert.deepEqual(await find(), []);
    const guarded = [{ permissions: 31, scheme: 'digest', id: 'somebody:else' }];
    world.source.put('/zkferry-test', Buffer.alloc(0), OPEN, 0n);
    world.source.put('/zkferry-door-test', Buffer.alloc(0), guarded, 0n);
    world.target.put('/zkferry-publisher-test', Buffer.alloc(0), guarded, 0n);
    world.target.put('/zkferry-marker-test', Buffer.alloc(0), OPEN, 0n);
    world.target.put('/zkferry-marker-other', Buffer.alloc(0), OPEN, 0n);
    const found = await find();
    assert.deepEqual(
      found.map((line) => line.split(' ').slice(0, 3).join(' ')),
      [
        'source znode /zkferry-test',
        'source znode /zkferry-door-test',
        'target znode /zkferry-marker-test',
        'target znode /zkferry-publisher-test',
      ],
    );
  });
});

describe('the proof of a full log', () => {
  const proof = (metrics: (base: string) => Record<string, number>) => {
    const ports = {
      mesos: { metrics: (base: string) => Promise.resolve(metrics(base)) },
      secrets: () => Promise.resolve(null),
    } as unknown as Ports;
    return createFullLogProof(ports).awaitFullLog({ config, patienceMs: 50 });
  };
  const last = config.masters.at(-1)?.address ?? '';

  it('is given when every master counts all replicas', async () => {
    await proof(() => ({ 'master/elected': 0, 'registrar/log/ensemble_size': 3 }));
  });

  it('is given before Mesos 1.4 when every log is recovered', async () => {
    await proof(() => ({ 'master/elected': 0, 'registrar/log/recovered': 1 }));
    await assert.rejects(
      proof((base) => ({ 'master/elected': 0, 'registrar/log/recovered': base.includes(last) ? 0 : 1 })),
      /m3 counts no of 3 replicas/,
    );
  });

  it('is not given while one misses a replica, or does not say', async () => {
    const size = (of: string, elsewhere: Record<string, number>) =>
      proof((base) => (base.includes(of) ? elsewhere : { 'master/elected': 0, 'registrar/log/ensemble_size': 3 }));
    await assert.rejects(size(last, { 'master/elected': 1, 'registrar/log/ensemble_size': 2 }), NotProvedError);
    await assert.rejects(size(last, {}), /m3: no metric/);
  });
});
