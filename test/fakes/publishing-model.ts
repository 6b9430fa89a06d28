import assert from 'node:assert/strict';
import { ownerAcl, ownerBody, ownerPath } from '../../activities/publishing/owner-znode.js';
import type { PublisherKey } from '../../activities/publishing/publisher-key.js';
import { Publisher } from '../../activities/publishing/publisher.js';
import { withdrawFenced } from '../../activities/publishing/withdraw.js';
import { lockPath } from '../../activities/reach/marker.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import { FerryError } from '../../src/domain/errors.js';
import { nextSequence } from '../../src/domain/election.js';
import type { ZnodeStore } from '../../src/ports/znode-store.js';
import { FakeEnsemble, type FakeFate, type FakeFaults, FakeZnodeStore, OPEN, type Tree } from './fake-znode-store.js';

const SLICE_MS = 50;
const POLL_MS = 250;
/** After this an operation that nobody answers is given up, as held sessions do. */
const DEADLINE_MS = 2_000;
const LEASE_MS = (10_000 * 2) / 3;
/** A hung operation, and then a round that has to own the session again first, each operation taking a slice. */
const SLACK_MS = DEADLINE_MS + 30 * SLICE_MS;
export const BOUND_MS = LEASE_MS + DEADLINE_MS + SLACK_MS;
const MARGIN = 100;
const electionPath = '/mesos';
const migration = 'm1';

/** A worker, or the operator's withdrawal: whoever has operations under way. */
interface Actor {
  readonly name: string;
  readonly faults: FakeFaults;
  /** Its process does not run, for now or for good; what it has sent may still arrive. */
  frozen: boolean;
  readonly cut: Set<FakeEnsemble>;
  /** What its server of source shows, cut off from its own ensemble. */
  isolated: Tree | null;
  readonly replies: (() => void)[];
  publisher: Publisher | null;
  busy: boolean;
  steppedAt: number;
  ended: string | null;
}

interface Pending {
  readonly actor: Actor;
  readonly ensemble: FakeEnsemble;
  readonly operation: string;
  readonly issuedAt: number;
  readonly deliver: (fate: FakeFate) => void;
}

export interface ModelOptions {
  readonly config: ClusterConfig;
  readonly key: PublisherKey;
  /** Whether target's counter stands far above source's, as raiseCounter leaves it. */
  readonly raised: boolean;
  /** Stands between a publisher and its store: a fault that the model must find. */
  readonly sabotage?: (store: ZnodeStore, actor: string) => ZnodeStore;
}

/**
 * The real engine, several times over, between two ensembles in memory whose every operation waits
 * for the driver: it decides what takes effect when, what is lost, who is frozen, and how time goes
 * by. After each operation the promises of S18 are checked.
 */
export class PublishingModel {
  readonly source: FakeEnsemble;
  readonly target: FakeEnsemble;
  /** What happened, for the report of a failure. */
  readonly trace: string[] = [];
  private now = 0;
  private readonly actors: Actor[] = [];
  private readonly pending: Pending[] = [];
  private readonly heardAt = new Map<bigint, number>();
  private readonly goneAt = new Map<string, number>();
  private readonly held = new Set<string>();
  private ableSince = 0;
  private able: Actor | null = null;
  private lastToken: string | null = null;
  private problem: Error | null = null;
  /** A withdrawal has said that it is done, and nobody has ordered otherwise since. */
  private withdrawn = false;
  private body: { readonly of: Buffer; readonly owner: OwnerBody } | null = null;

  constructor(private readonly options: ModelOptions) {
    const ensembleOf = (name: 'source' | 'target'): FakeEnsemble =>
      new FakeEnsemble(
        options.config[name].servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`),
      );
    this.source = ensembleOf('source');
    this.target = ensembleOf('target');
    const { cluster } = options.config;
    const empty = Buffer.alloc(0);
    this.source.put(lockPath(cluster), empty, OPEN, 0n);
    for (const ensemble of [this.source, this.target]) ensemble.put(electionPath, empty, OPEN, 0n);
    const fresh = { migration, owner: null, mode: 'publishing' as const, generation: 1, session: null };
    this.target.put(ownerPath(cluster), ownerBody(options.key, fresh), ownerAcl(options.key), 0n);
    // As preparePublisher leaves it.
    const prepared = this.target.entries.get(ownerPath(cluster));
    if (prepared) prepared.version = 1;
    const parent = this.target.entries.get(electionPath);
    if (parent && options.raised) parent.creates = parent.deletes = 1_000;
    for (let count = 0; count < 3; count += 1) this.join();
    this.spawn();
  }

  // ── what may happen ────────────────────────────────────────────────────────────────────────────
  join(): void {
    const parent = this.source.entries.get(electionPath);
    const number = parent?.creates ?? 0;
    const body = { id: `id-${String(number)}`, ip: 1, pid: 'master@10.0.0.1:5050', port: 5050 };
    this.say(`${String(number)} stands for election`);
    this.source.put(`${electionPath}/${nameOf(number)}`, Buffer.from(JSON.stringify(body)), OPEN, 1n);
  }

  leave(pick: number): void {
    const names = this.originals();
    const name = names[pick % Math.max(1, names.length)];
    if (name === undefined) return;
    this.say(`${name} goes`);
    this.source.delete(`${electionPath}/${name}`);
    this.goneAt.set(name, this.now);
  }

  spawn(): Actor {
    const actor = this.actor(`w${String(this.actors.length)}`);
    const { config, key, sabotage = (store) => store } = this.options;
    const store = sabotage(new FakeZnodeStore([this.source, this.target], actor.faults), actor.name);
    const ports = { store, secrets: () => Promise.resolve(null) };
    const signal = new AbortController().signal;
    const options = { ports, config, migration, token: actor.name, signal, now: () => this.now, wake: () => undefined };
    actor.publisher = new Publisher(options, key);
    this.say(`${actor.name} starts`);
    return actor;
  }

  freeze(pick: number): void {
    const actor = this.worker(pick);
    if (!actor || actor.frozen) return;
    this.say(`${actor.name} freezes`);
    actor.frozen = true;
  }

  thaw(pick: number): void {
    const actor = this.worker(pick);
    if (!actor?.frozen) return;
    this.say(`${actor.name} wakes`);
    actor.frozen = false;
    for (const reply of actor.replies.splice(0)) reply();
  }

  cut(pick: number, side: 'source' | 'target'): void {
    const actor = this.worker(pick);
    this.say(`${actor?.name ?? ''} is cut off from ${side}`);
    actor?.cut.add(this[side]);
  }

  /** Its server of source still answers reads, but has no quorum any more. */
  isolate(pick: number): void {
    const actor = this.worker(pick);
    if (!actor) return;
    this.say(`${actor.name}'s server of source is cut off from its ensemble`);
    actor.isolated ??= new Map([...this.source.entries].map(([path, entry]) => [path, { ...entry }]));
  }

  heal(pick: number): void {
    const actor = this.worker(pick);
    if (!actor) return;
    this.say(`${actor.name}'s links are mended`);
    actor.cut.clear();
    actor.isolated = null;
  }

  withdraw(): void {
    const actor = this.actor(`operator${String(this.actors.length)}`);
    const store = new FakeZnodeStore([this.source, this.target], actor.faults);
    const { config, key } = this.options;
    this.say('the operator withdraws');
    actor.busy = true;
    const options = { credentials: null, moreCredentials: [key.identity], timeoutMs: 1 };
    void (async () => {
      for (;;) {
        try {
          const session = await store.connect(config.target.servers, options);
          await withdrawFenced(session, { config, migration, key }, () => ({}));
          this.withdrawn = this.owner()?.mode === 'withdrawn';
          return;
        } catch (error) {
          // Temporal repeats what failed for want of a connection.
          if (!(error instanceof FerryError) || !error.retryable) throw error;
        }
      }
    })().catch((error: unknown) => (this.problem ??= error as Error));
  }

  /** At once: what matters is how the publisher takes it. */
  resume(): void {
    const entry = this.target.entries.get(ownerPath(this.options.config.cluster));
    const body = this.owner();
    if (!entry || body?.mode !== 'withdrawn') return;
    this.say('the operator lets it publish again');
    this.withdrawn = false;
    entry.data = Buffer.from(JSON.stringify({ ...body, mode: 'publishing' }));
    entry.version += 1;
  }

  /** The next operation under way, chosen by `pick`, takes effect, or not. */
  async deliver(pick: number, fate: FakeFate): Promise<void> {
    const able = this.pending.filter((one) => !this.hangs(one) && (!one.actor.frozen || fate === 'done'));
    const one = able[pick % Math.max(1, able.length)];
    if (!one) return this.stepOne(pick);
    await this.settle(one, fate);
  }

  /** Lets time go by; whoever runs goes on, an operation a slice. */
  async tick(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += SLICE_MS) {
      this.now += SLICE_MS;
      await this.expire();
      await this.answerReads();
      for (const one of [...this.pending]) {
        if (!this.pending.includes(one) || one.actor.frozen) continue;
        if (!this.hangs(one)) await this.settle(one, 'done');
        else if (this.now - one.issuedAt >= DEADLINE_MS) await this.settle(one, 'lost');
      }
      for (const actor of this.actors) {
        if (this.now - actor.steppedAt >= POLL_MS) await this.step(actor);
      }
      this.check(null);
    }
  }

  /** Everything is mended and runs: then target must come to show the truth. */
  async end(): Promise<void> {
    this.actors.forEach((_, index) => {
      this.heal(index);
      this.thaw(index);
    });
    // A withdrawal that is under way comes to its end.
    await this.tick(20 * SLICE_MS);
    this.resume();
    this.spawn();
    await this.tick(40 * SLICE_MS + 2 * POLL_MS);
    const mirrors = this.mirrors();
    assert.deepEqual([...mirrors.keys()].sort(), this.originals(), 'in the end the mirrors are those of source');
    assert.ok(this.actors.some(({ publisher, ended }) => publisher && ended === null));
  }

  // ── how it is made to happen ───────────────────────────────────────────────────────────────────
  private actor(name: string): Actor {
    const actor: Actor = {
      name,
      frozen: false,
      cut: new Set(),
      isolated: null,
      replies: [],
      publisher: null,
      busy: false,
      steppedAt: this.now,
      ended: null,
      faults: {
        turn: (ensemble, operation) =>
          new Promise((deliver) => {
            this.pending.push({ actor, ensemble, operation, issuedAt: this.now, deliver });
          }),
        reply: () => (actor.frozen ? new Promise((resolve) => actor.replies.push(resolve)) : undefined),
        stale: (ensemble) => (ensemble === this.source ? actor.isolated : null),
      },
    };
    this.actors.push(actor);
    return actor;
  }

  private worker(pick: number): Actor | undefined {
    const workers = this.actors.filter(({ publisher, ended }) => publisher && ended === null);
    return workers[pick % Math.max(1, workers.length)];
  }

  private hangs({ actor, ensemble, operation }: Pending): boolean {
    return actor.cut.has(ensemble) || (ensemble === this.source && actor.isolated !== null && !isRead({ operation }));
  }

  private async settle(one: Pending, fate: FakeFate): Promise<void> {
    this.pending.splice(this.pending.indexOf(one), 1);
    if (fate === 'done' && isRead(one)) {
      one.deliver(fate);
      return drained();
    }
    const before = { mirrors: this.mirrors(), owner: this.owner() };
    if (fate !== 'done' && one.actor === this.able && one.ensemble === this.target) this.ableSince = this.now;
    one.deliver(fate);
    await drained();
    if (one.operation === 'commit' || one.operation === 'write' || fate !== 'done') {
      this.say(
        `${one.actor.name}: ${one.operation} in ${one.ensemble === this.source ? 'source' : 'target'} is ${fate}`,
      );
    }
    this.check({ ...before, actor: one.actor });
  }

  /** Reads disturb nobody, so their order among each other does not matter. */
  private async answerReads(): Promise<void> {
    const reads = this.pending.filter((one) => isRead(one) && !one.actor.frozen && !this.hangs(one));
    if (reads.length === 0) return;
    for (const one of reads) {
      this.pending.splice(this.pending.indexOf(one), 1);
      one.deliver('done');
    }
    await drained();
  }

  private async stepOne(pick: number): Promise<void> {
    const idle = this.actors.filter(
      ({ publisher, busy, frozen, ended }) => publisher && !busy && !frozen && ended === null,
    );
    const actor = idle[pick % Math.max(1, idle.length)];
    if (actor) await this.step(actor);
  }

  private async step(actor: Actor): Promise<void> {
    if (!actor.publisher || actor.busy || actor.frozen || actor.ended !== null) return;
    actor.busy = true;
    actor.steppedAt = this.now;
    actor.publisher.step().then(
      () => (actor.busy = false),
      (error: unknown) => {
        actor.busy = false;
        actor.ended = (error as { code?: string }).code ?? 'failed';
        if (actor.ended !== 'FERRY_PUBLISHER_FENCED') this.problem ??= error as Error;
        else if (this.owner()?.owner === actor.name)
          this.problem ??= new Error(`${actor.name} is fenced off but owns it`);
        this.say(`${actor.name} ends: ${actor.ended}`);
      },
    );
    await drained();
  }

  private async expire(): Promise<void> {
    for (const ensemble of [this.source, this.target]) {
      for (const { id, faults } of ensemble.connections) {
        const actor = this.actors.find((one) => one.faults === faults);
        if (actor && !actor.frozen && !actor.cut.has(ensemble)) this.heardAt.set(id, this.now);
      }
      for (const [id, { timeoutMs }] of ensemble.sessions) {
        if (!this.heardAt.has(id)) this.heardAt.set(id, this.now);
        // The servers clamp what is asked for to 40 s.
        if (this.now - (this.heardAt.get(id) ?? 0) <= Math.min(timeoutMs, 40_000)) continue;
        this.say(`session ${id.toString(16)} expires`);
        ensemble.endSession(id);
        await drained();
      }
    }
  }

  // ── what must hold ─────────────────────────────────────────────────────────────────────────────
  private check(
    after: { readonly actor: Actor; readonly mirrors: Map<string, bigint>; readonly owner: OwnerBody | null } | null,
  ): void {
    if (this.problem) throw this.problem;
    const owner = this.owner();
    const mirrors = this.mirrors();
    const originals = this.originals();
    if (after && owner?.owner !== after.owner?.owner && owner?.owner !== null && owner?.owner !== undefined) {
      assert.ok(!this.held.has(owner.owner), `${owner.owner} takes back what another attempt has taken over`);
      this.held.add(owner.owner);
    }
    if (after?.actor.publisher && !same(after.mirrors, mirrors)) {
      assert.equal(owner?.owner, after.actor.name, `${after.actor.name} changes target, which is not its own any more`);
    }
    const session = owner?.session ? BigInt(`0x${this.options.key.unseal(owner.session, migration).id}`) : null;
    for (const [name, holder] of mirrors) {
      if (after?.mirrors.has(name) === true) continue;
      assert.equal(holder, session, `${name} stands in a session that the owner znode does not know`);
    }
    if (after && [...mirrors.keys()].some((name) => !after.mirrors.has(name))) {
      const parent = this.target.entries.get(electionPath);
      const next = nextSequence({
        cversion: (parent?.creates ?? 0) + (parent?.deletes ?? 0),
        numChildren: mirrors.size,
      });
      const highest = Math.max(...[...mirrors.keys()].map((name) => Number(name.slice(-10))));
      assert.ok(
        next > highest + MARGIN,
        `the next native znode would be ${String(next)}, a mirror is ${String(highest)}`,
      );
    }
    if (owner?.mode === 'withdrawn' && after) {
      const added = [...mirrors.keys()].filter((name) => !after.mirrors.has(name));
      assert.deepEqual(added, [], 'mirrors are added although they are withdrawn');
    }
    if (this.withdrawn) assert.equal(mirrors.size, 0, 'mirrors stand although their withdrawal is done');
    const [lowest] = [...mirrors.keys()].sort();
    if (lowest !== undefined && originals.includes(lowest)) {
      assert.equal(lowest, originals[0], 'target names a live master other than the leader of source');
    }
    this.checkLease(mirrors, originals);
  }

  private checkLease(mirrors: Map<string, bigint>, originals: readonly string[]): void {
    const token = this.owner()?.owner ?? null;
    const holder =
      this.actors.find(({ name, frozen, cut }) => name === token && !frozen && !cut.has(this.target)) ?? null;
    if (holder !== this.able || token !== this.lastToken) this.ableSince = this.now;
    this.able = holder;
    this.lastToken = token;
    if (!holder) return;
    for (const name of mirrors.keys()) {
      if (originals.includes(name)) continue;
      const since = Math.max(this.goneAt.get(name) ?? 0, this.ableSince);
      assert.ok(this.now - since <= BOUND_MS, `${name} has stood ${String(this.now - since)} ms without its original`);
    }
  }

  private originals(): string[] {
    return [...this.source.entries.keys()]
      .filter((path) => path.startsWith(`${electionPath}/`))
      .map(last)
      .sort();
  }

  private mirrors(): Map<string, bigint> {
    return new Map(
      [...this.target.entries]
        .filter(([path]) => path.startsWith(`${electionPath}/`))
        .map(([path, entry]) => [last(path), entry.owner] as const),
    );
  }

  private owner(): OwnerBody | null {
    const entry = this.target.entries.get(ownerPath(this.options.config.cluster));
    if (!entry) return null;
    if (this.body?.of !== entry.data) {
      this.body = { of: entry.data, owner: JSON.parse(entry.data.toString()) as OwnerBody };
    }
    return this.body.owner;
  }

  private say(what: string): void {
    this.trace.push(`${String(this.now)} ${what}`);
  }
}

interface OwnerBody {
  readonly owner: string | null;
  readonly mode: string;
  readonly session: string | null;
}

function isRead({ operation }: Pick<Pending, 'operation'>): boolean {
  return operation === 'read' || operation === 'list' || operation === 'read the ACL of';
}

function nameOf(number: number): string {
  return `json.info_${String(number).padStart(10, '0')}`;
}

function last(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function same(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): boolean {
  return a.size === b.size && [...a].every(([name, owner]) => b.get(name) === owner);
}

/** Everything that can go on without the driver has gone on: the engine waits for nothing but promises. */
async function drained(): Promise<void> {
  for (let turn = 0; turn < 16; turn += 1) await Promise.resolve();
}
