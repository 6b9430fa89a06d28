import type { ClusterConfig } from '../../src/domain/config.js';
import { FerryError } from '../../src/domain/errors.js';
import { SessionExpiredError, ZnodeError } from '../../src/domain/proof-errors.js';
import { isFarEnough, raisedCounter } from '../../src/domain/publishing/counter-margin.js';
import { pairUp, type Standing } from '../../src/domain/publishing/pairing.js';
import { nextSequence } from '../../src/domain/election.js';
import { PublisherFencedError, PublisherKeyError } from '../../src/domain/publishing-errors.js';
import type { HeldSession, ZnodeOperation, ZnodeSession } from '../../src/ports/znode-store.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { raiseCounterTo } from './create-counter.js';
import { currentOwner, type Owner, ownerAcl, ownerBody, ownerPath, readOwnerWith } from './owner-znode.js';
import { type PublisherKey, publisherKey } from './publisher-key.js';
import { publisherLogin } from './publisher-session.js';
import { type SourceLook, SourceView } from './source-view.js';

/** The servers clamp it to 20 ticks, 40 s by default: a frozen or killed worker is replaced before. */
const SESSION_TIMEOUT_MS = 60_000;
const CONNECT_MS = 2_000;

export interface PublisherOptions {
  readonly ports: Pick<Ports, 'secrets' | 'store'>;
  readonly config: ClusterConfig;
  readonly migration: string;
  /** Names this attempt; random, without `_`. */
  readonly token: string;
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Called when the contenders of source change: the next step is due. */
  readonly wake: () => void;
}

/** Where the publisher stands after a step. */
export interface PublisherStanding {
  /** Null while target cannot be reached. */
  readonly mirrors: number | null;
  readonly mode: Owner['mode'] | null;
  /** What keeps it from its work, for people; null = nothing. */
  readonly problem: string | null;
}

/**
 * Keeps target's mirrors in the state of source's contenders (S18). `step` does one round, so that
 * tests can interleave many publishers; nothing happens between steps.
 *
 * One session of target holds all mirrors and outlives its owners. Who may use it is decided by the
 * owner znode alone: each change is a transaction that checks the znode's version, a successor raises
 * the version before anything else, and an owner that is not one any more touches nothing again.
 */
export class Publisher {
  private readonly source: SourceView;
  private readonly path: string;
  private held: { readonly session: HeldSession; version: number } | null = null;
  /** Whether our token has stood there: from then on another one is a successor's. */
  private taken = false;
  /** Whose token stood there when a write of ours went unanswered: any but this one may be a successor's. */
  private doubted: { readonly owner: string | null } | null = null;
  private fenced = false;

  constructor(
    private readonly options: PublisherOptions,
    private readonly key: PublisherKey,
  ) {
    const { ports, config, token, now, wake } = options;
    this.path = ownerPath(config.cluster);
    this.source = new SourceView({ ports, config, name: `publisher-${token}`, now, wake });
  }

  /** @throws PublisherKeyError */
  static async create(options: PublisherOptions): Promise<Publisher> {
    return new Publisher(options, await publisherKey(options.ports, options.config));
  }

  /**
   * One round: own target's session, look at source, make the mirrors right. What cannot be reached is
   * tried again in the next round.
   *
   * @throws PublisherFencedError when another attempt has taken over or the owner znode is gone
   */
  async step(): Promise<PublisherStanding> {
    if (this.fenced) throw new PublisherFencedError(this.path, 'another attempt has taken over');
    let problem: string | null = null;
    const tryTo = async <T>(act: () => Promise<T>): Promise<T | null> => {
      try {
        return await act();
      } catch (error) {
        this.options.signal.throwIfAborted();
        if (!(error instanceof FerryError) || isFinal(error)) throw error;
        problem ??= error.message;
        return null;
      }
    };
    this.source.noticePause();
    const held = await tryTo(() => this.attached());
    // Before source is tried once more, which may take its time.
    if (held && !this.source.leaseHolds) await tryTo(() => this.reconcile(held.session, null));
    // Without target, too: source must not forget us, and the lease must not lapse.
    const look = await tryTo(() => this.source.look(this.options.signal));
    const done = held && (await tryTo(() => this.reconcile(held.session, look)));
    return { mirrors: done?.mirrors ?? null, mode: done?.mode ?? null, problem: problem ?? done?.problem ?? null };
  }

  /** Leaves the session, and with it the mirrors, to the next attempt. */
  async letGo(): Promise<void> {
    this.held?.session.letGo();
    await this.source.close();
  }

  /** The session that holds the mirrors, once the owner znode says that it is ours to use. */
  private async attached(): Promise<{ readonly session: HeldSession }> {
    if (this.held && !this.held.session.lost.aborted) return this.held;
    this.held = null;
    const { ports, config, signal } = this.options;
    const login = await publisherLogin(ports, config, this.key, CONNECT_MS);
    const servers = config.target.servers.map(clientAddress);
    // Not the session itself: to resume it before knowing that it is ours would cut off its owner.
    const visitor = await ports.store.connect(servers, login, signal);
    try {
      const owner = this.mine(await currentOwner(this.key, config.cluster, visitor));
      // Raised after every loss of connection: what we sent before can take effect no more.
      let version = await this.raise(visitor, owner);
      const options = { ...login, sessionTimeoutMs: SESSION_TIMEOUT_MS };
      let session: HeldSession | null = null;
      if (owner.session) {
        session = await ports.store
          .connectHeld(servers, { ...options, resume: owner.session }, signal)
          .catch((error: unknown) => {
            if (error instanceof SessionExpiredError) return null;
            throw error;
          });
      }
      if (session === null) {
        session = await ports.store.connectHeld(servers, options, signal);
        try {
          // Before the first mirror: a successor could not take over mirrors whose session it does not know.
          const next = { ...owner, owner: this.options.token, session: session.key };
          version = await this.write(visitor, next, version);
        } catch (error) {
          await session.close();
          throw error;
        }
      }
      this.held = { session, version };
      // Its server may lag behind the visitor's; after this it does not.
      await this.commit([]);
      return this.held;
    } finally {
      await visitor.close();
    }
  }

  private async reconcile(session: HeldSession, look: SourceLook | null): Promise<PublisherStanding> {
    const { config } = this.options;
    const owner = this.adopt(await readOwnerWith(this.key, config.cluster, session));
    const standing = await this.standing(session);
    const own = standing.filter((one) => one.owner === session.sessionId).map(({ name }) => name);
    const told = (mirrors: number, problem: string | null): PublisherStanding => ({
      mirrors,
      mode: owner.mode,
      problem,
    });
    if (owner.mode === 'withdrawn' || !this.source.leaseHolds) {
      await this.change(own, []);
      return told(0, owner.mode === 'withdrawn' ? null : 'source is out of reach: all mirrors are withdrawn');
    }
    if (look === null) return told(own.length, null);
    const { remove, create, unmirrored } = pairUp(look.originals, standing, session.sessionId);
    // Raising takes time, and what source shows now may be wrong after it.
    const postponed = create.length > 0 && (await this.raisesMargin(session, look.highest));
    const due = postponed ? [] : create;
    await this.change(
      remove,
      due.map(({ name, data, acl }) => ({ do: 'create', path: this.child(name), data, acl, kind: 'ephemeral' })),
    );
    const [first] = unmirrored;
    return told(own.length - remove.length + due.length, first ? `${first.name} is not mirrored: ${first.why}` : null);
  }

  private async standing(session: HeldSession): Promise<Standing[]> {
    const names = (await session.children(this.options.config.electionPath)) ?? [];
    const found = await Promise.all(
      names.map(async (name) => {
        const znode = await session.read(this.child(name));
        return znode && { name, data: znode.data, owner: znode.ephemeralOwner };
      }),
    );
    return found.filter((one) => one !== null);
  }

  /** Native znodes must sort behind every mirror (Z 8). @returns whether the counter had to be raised. */
  private async raisesMargin(session: HeldSession, highest: number): Promise<boolean> {
    const parent = await session.read(this.options.config.electionPath);
    if (parent !== null && isFarEnough(nextSequence(parent), highest)) return false;
    const fence = this.held ? [this.fence(this.held.version)] : [];
    const acl = ownerAcl(this.key);
    await raiseCounterTo(session, this.options.config.electionPath, raisedCounter(highest), { acl, fence });
    return true;
  }

  private async change(remove: readonly string[], create: readonly ZnodeOperation[]): Promise<void> {
    if (remove.length + create.length === 0) return;
    await this.commit([...remove.map((name) => ({ do: 'remove', path: this.child(name) }) as const), ...create]);
  }

  /** One transaction under the fence. */
  private async commit(operations: readonly ZnodeOperation[]): Promise<void> {
    const { held } = this;
    if (!held) return;
    try {
      await held.session.commit([this.fence(held.version), ...operations]);
    } catch (error) {
      if (!(error instanceof ZnodeError) || error.path !== this.path) throw error;
      // Withdrawn, resumed, taken over or removed: the znode itself says which.
      if (error.reason === 'BAD_VERSION' || error.reason === 'NO_NODE') {
        this.adopt(await readOwnerWith(this.key, this.options.config.cluster, held.session));
      }
      throw error;
    }
  }

  private async raise(session: ZnodeSession, owner: Owner): Promise<number> {
    try {
      const version = await this.write(session, { ...owner, owner: this.options.token }, owner.version);
      this.taken = true;
      return version;
    } catch (error) {
      if (error instanceof ZnodeError && error.retryable) this.doubted = { owner: owner.owner };
      throw error;
    }
  }

  private async write(session: ZnodeSession, owner: Omit<Owner, 'version'>, version: number): Promise<number> {
    return session.setData(this.path, ownerBody(this.key, owner), version);
  }

  private fence(version: number): ZnodeOperation {
    return { do: 'check', path: this.path, version };
  }

  private adopt(found: Owner | null): Owner {
    const owner = this.mine(found);
    if (this.held) this.held.version = owner.version;
    return owner;
  }

  /** @throws PublisherFencedError unless the znode is ours, or we have yet to take it over. */
  private mine(owner: Owner | null): Owner {
    const { migration, token } = this.options;
    if (owner === null) return this.giveUp('it is gone');
    if (owner.migration !== migration) return this.giveUp('it belongs to another migration');
    if (owner.owner === token) {
      this.taken = true;
      return owner;
    }
    const mayBeSuccessor = this.taken || (this.doubted !== null && owner.owner !== this.doubted.owner);
    return mayBeSuccessor ? this.giveUp('another attempt has taken over') : owner;
  }

  private giveUp(seen: string): never {
    this.fenced = true;
    this.held?.session.letGo();
    throw new PublisherFencedError(this.path, seen);
  }

  private child(name: string): string {
    return `${this.options.config.electionPath}/${name}`;
  }
}

/** Neither waiting nor repeating helps: this attempt ends. */
function isFinal(error: FerryError): boolean {
  return error instanceof PublisherFencedError || error instanceof PublisherKeyError;
}
