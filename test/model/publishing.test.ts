import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ownerPath } from '../../activities/publishing/owner-znode.js';
import type { PublisherKey } from '../../activities/publishing/publisher-key.js';
import { lockPath } from '../../activities/reach/marker.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { ZnodeSession, ZnodeStore } from '../../src/ports/znode-store.js';
import { aConfig } from '../fakes/plans.js';
import { type ModelOptions, PublishingModel } from '../fakes/publishing-model.js';

const CASES = 10_000;
/** The long ones outlast the lease. */
const TICKS_MS = [50, 50, 100, 100, 200, 400, 800, 7_000];

const [LEAVE, ISOLATE, LONG_TICK] = [79, 94, 767];

/** What a number of a case's list makes happen; most of them let an operation take effect. */
async function act(model: PublishingModel, number: number): Promise<void> {
  const [kind, pick] = [number % 100, Math.floor(number / 100)];
  if (kind < 62) return model.deliver(pick, 'done');
  if (kind < 65) return model.deliver(pick, 'unanswered');
  if (kind < 67) return model.deliver(pick, 'lost');
  if (kind < 76) return model.tick(TICKS_MS[pick % TICKS_MS.length] ?? 50);
  if (kind < 79) return model.join();
  if (kind < 84) return model.leave(pick);
  if (kind < 87) return model.freeze(pick);
  if (kind < 90) return model.thaw(pick);
  if (kind < 92) return void model.spawn();
  if (kind < 93) return model.cut(pick, 'source');
  if (kind < 94) return model.cut(pick, 'target');
  if (kind < 95) return model.isolate(pick);
  if (kind < 97) return model.heal(pick);
  if (kind < 98) return model.withdraw();
  return model.resume();
}

describe('publishers on a model of both ensembles', function () {
  this.timeout(120_000);
  const { stackTraceLimit } = Error;
  let config: ClusterConfig;
  /** The real one is tested by itself; here its ciphers would take most of the time. */
  const key: PublisherKey = {
    identity: 'zkferry-test:x',
    seal: ({ id, password }) => `${id} ${password}`,
    unseal: (sealed) => ({ id: sealed.split(' ')[0] ?? '', password: sealed.split(' ')[1] ?? '' }),
  };

  before(() => {
    // Most errors here are answers of the model; their stacks would take half of the time.
    Error.stackTraceLimit = 0;
    const { source, target, ...rest } = aConfig();
    const at = (address: string) => source.servers.map((server) => ({ ...server, address }));
    config = {
      ...rest,
      electionPath: '/mesos',
      source: { servers: at('10.0.0.1') },
      target: { ...target, servers: at('10.0.0.2') },
    };
  });

  after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  const holds = (options: Partial<ModelOptions> = {}, suffix: readonly number[] = []) =>
    fc.asyncProperty(
      fc.array(fc.noBias(fc.nat(9_999)), { minLength: 20, maxLength: 60, size: 'max' }),
      async (numbers) => {
        const model = new PublishingModel({ config, key, raised: (numbers[0] ?? 0) % 8 > 0, ...options });
        try {
          for (const number of [...numbers, ...suffix]) await act(model, number);
          await model.end();
        } catch (error) {
          throw new Error(`${(error as Error).message}\n${model.trace.slice(-60).join('\n')}`, { cause: error });
        }
      },
    );

  it('keep every promise of S18 in any order of operations, losses, freezes and takeovers', async () => {
    const seed = Number(process.env['ZKFERRY_MODEL_SEED'] ?? Date.now() % 1_000_000_007);
    const found = await fc.check(holds(), { numRuns: CASES, seed, endOnFailure: true });
    console.log(`      seed ${String(found.seed)}, ${String(found.numRuns)} cases`);
    assert.ok(!found.failed, `seed ${String(found.seed)}: ${String((found.errorInstance as Error | null)?.message)}`);
  });

  // The model is worth as much as what it finds: each of these breaks one rule of the publisher.
  const faults: readonly Fault[] = [
    {
      breaks: 'changes mirrors without checking the owner znode',
      seen: /not its own any more|withdraw|session that the owner znode does not know/,
      change: ({ commit }) => ({
        commit: (operations) =>
          commit(operations.length > 1 ? operations.filter(({ path }) => path !== ownerPath('test')) : operations),
      }),
    },
    {
      breaks: 'renews its lease without asking the quorum of source',
      seen: /without its original/,
      suffix: [ISOLATE, LEAVE, LONG_TICK, LONG_TICK, LONG_TICK],
      change: ({ commit }) => ({
        commit: (operations) => (operations[0]?.path === lockPath('test') ? Promise.resolve() : commit(operations)),
      }),
    },
    {
      breaks: 'creates mirrors before their session is in the owner znode',
      seen: /session that the owner znode does not know/,
      change: ({ setData }) => ({
        setData: (path, data, version) => {
          const body =
            path === ownerPath('test') ? { ...(JSON.parse(data.toString()) as object), session: null } : null;
          return setData(path, body ? Buffer.from(JSON.stringify(body)) : data, version);
        },
      }),
    },
    {
      breaks: 'changes one mirror after the other instead of all at once',
      seen: /other than the leader/,
      change: ({ commit }) => ({
        async commit(operations) {
          const [fence, ...changes] = operations;
          const isCounter = changes.some(({ path }) => path.endsWith('zkferry-counter'));
          if (fence?.do !== 'check' || isCounter) return commit(operations);
          for (const change of changes) await commit([fence, change]);
        },
      }),
    },
    {
      breaks: 'takes no notice that the owner znode names somebody else',
      seen: /takes back|not its own any more/,
      change: ({ read }, actor) => ({
        async read(path) {
          const znode = await read(path);
          if (path !== ownerPath('test') || !znode) return znode;
          const body = { ...(JSON.parse(znode.data.toString()) as object), owner: actor };
          return { ...znode, data: Buffer.from(JSON.stringify(body)) };
        },
      }),
    },
  ];
  for (const { breaks, seen, change, suffix } of faults) {
    it(`find out a publisher that ${breaks}`, async () => {
      const sabotage = (store: ZnodeStore, actor: string): ZnodeStore =>
        sabotaged(store, (session) => change(session, actor));
      const found = await fc.check(holds({ sabotage }, suffix), { numRuns: CASES, seed: 1, endOnFailure: true });
      assert.ok(found.failed, 'the model found nothing');
      assert.match((found.errorInstance as Error).message, seen);
    });
  }
});

interface Fault {
  readonly breaks: string;
  readonly seen: RegExp;
  readonly change: Change;
  /** What happens in the end of every case, where chance would take long. */
  readonly suffix?: readonly number[];
}
type Methods = Pick<ZnodeSession, 'commit' | 'setData' | 'read'>;
type Change = (session: Methods, actor: string) => Partial<Methods>;

/** The same store, each of whose sessions has some of its methods replaced. */
function sabotaged(store: ZnodeStore, change: (session: Methods) => Partial<Methods>): ZnodeStore {
  const changed = <T extends ZnodeSession>(session: T): T => {
    const methods: Methods = {
      commit: (operations) => session.commit(operations),
      setData: (path, data, version) => session.setData(path, data, version),
      read: (path) => session.read(path),
    };
    const instead: Partial<Methods> = change(methods);
    return new Proxy(session, {
      get: (of, name) => {
        if (name in instead) return instead[name as keyof Methods];
        const value: unknown = Reflect.get(of, name, of);
        return typeof value === 'function' ? (value.bind(of) as unknown) : value;
      },
    });
  };
  return {
    connect: async (...args) => changed(await store.connect(...args)),
    connectHeld: async (...args) => changed(await store.connectHeld(...args)),
  };
}
