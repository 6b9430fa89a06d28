import assert from 'node:assert/strict';
import { createEnsembleActivities } from '../../activities/ensembles/index.js';
import type { Ports } from '../../activities/ports.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { aConfig } from '../fakes/plans.js';

describe('the trees of a migration', () => {
  const base = aConfig();
  const as = (servers: typeof base.source.servers, net: number) =>
    servers.map((server, n) => ({ ...server, address: `10.0.${String(net)}.${String(n)}` }));
  const config = {
    ...base,
    source: { servers: as(base.source.servers, 1) },
    target: { ...base.target, servers: as(base.target.servers, 2) },
  };
  const addresses = (servers: typeof base.source.servers) =>
    servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);
  const PARENTS = ['/mesos', '/mesos/log_replicas'] as const;

  /** @param lost paths whose creation in target never arrives */
  function aWorld(lost: string[] = []) {
    const source = new FakeEnsemble(addresses(config.source.servers));
    const target = new FakeEnsemble(addresses(config.target.servers));
    for (const path of PARENTS) source.put(path, Buffer.alloc(0), OPEN, 0n);
    const probe = {
      state: () => Promise.resolve({ mode: 'leader', version: '3.8.4', zxid: 1n }),
      sessions: () => Promise.resolve([...target.sessions.keys()].map((id) => `0x${id.toString(16)}`)),
    };
    const store = new FakeZnodeStore([source, target], {
      turn: (_, operation, path) => {
        const [next] = lost;
        if (operation !== 'create' || path !== next) return Promise.resolve('done');
        lost.shift();
        return Promise.resolve('lost');
      },
    });
    const ports = { store, probe, secrets: () => Promise.resolve(null) } as unknown as Ports;
    return { source, target, ensembles: createEnsembleActivities(ports) };
  }
  const paths = ({ entries }: FakeEnsemble) => [...entries.keys()].filter((path) => path !== '/').sort();

  it('are gone after a rollback, with the parents that were not there before', async () => {
    const { source, target, ensembles } = aWorld();
    await ensembles.acquireLock({ config, migration: 'A' });
    await ensembles.prepareTrees({ config, migration: 'A' });
    assert.ok(PARENTS.every((path) => target.entries.has(path)));
    assert.deepEqual(await ensembles.cleanTrees({ config, migration: 'A', removeParents: true }), { residue: [] });
    await ensembles.releaseLock({ config, migration: 'A' });
    assert.deepEqual(paths(target), []);
    assert.deepEqual(paths(source), [...PARENTS]);
  });

  it('never include parents that were there before', async () => {
    const { target, ensembles } = aWorld();
    target.put('/mesos', Buffer.alloc(0), OPEN, 0n);
    await ensembles.acquireLock({ config, migration: 'A' });
    await ensembles.prepareTrees({ config, migration: 'A' });
    await ensembles.prepareTrees({ config, migration: 'A' });
    await ensembles.cleanTrees({ config, migration: 'A', removeParents: true });
    assert.deepEqual(paths(target), ['/mesos']);
  });

  it('are gone even when their creation was broken off in the middle', async () => {
    for (const path of PARENTS) {
      const { target, ensembles } = aWorld([path]);
      await ensembles.acquireLock({ config, migration: 'A' });
      const parents = target.entries.size;
      await assert.rejects(ensembles.prepareTrees({ config, migration: 'A' }), { code: 'FERRY_ZNODE' });
      assert.ok(target.entries.size > parents);
      for (const id of [...target.sessions.keys()]) target.endSession(id);
      await ensembles.prepareTrees({ config, migration: 'A' });
      await ensembles.cleanTrees({ config, migration: 'A', removeParents: true });
      assert.deepEqual(paths(target), []);
    }
  });

  it('keep parents that somebody uses, and say so', async () => {
    const { target, ensembles } = aWorld();
    await ensembles.acquireLock({ config, migration: 'A' });
    await ensembles.prepareTrees({ config, migration: 'A' });
    target.openSession(10_000);
    const { residue } = await ensembles.cleanTrees({ config, migration: 'A', removeParents: true });
    assert.equal(residue.length, 2);
    assert.deepEqual(paths(target), [...PARENTS]);
  });

  it('of the migration that holds the lock are not touched by one that never got it', async () => {
    const { target, ensembles } = aWorld();
    await ensembles.acquireLock({ config, migration: 'A' });
    await ensembles.prepareTrees({ config, migration: 'A' });
    const before = paths(target);
    await assert.rejects(ensembles.acquireLock({ config, migration: 'B' }), { code: 'FERRY_LOCKED' });
    await assert.rejects(ensembles.prepareTrees({ config, migration: 'B' }), { code: 'FERRY_LOCKED' });
    await ensembles.cleanTrees({ config, migration: 'B', removeParents: true });
    assert.deepEqual(paths(target), before);
  });

  it('are not prepared by an attempt that comes after the end', async () => {
    const { source, target, ensembles } = aWorld();
    await ensembles.acquireLock({ config, migration: 'A' });
    await ensembles.releaseLock({ config, migration: 'A' });
    await assert.rejects(ensembles.prepareTrees({ config, migration: 'A' }), { code: 'FERRY_LOCKED' });
    assert.deepEqual(paths(target), []);
    assert.deepEqual(paths(source), [...PARENTS]);
  });
});
