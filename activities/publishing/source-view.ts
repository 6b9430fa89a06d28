import type { ClusterConfig } from '../../src/domain/config.js';
import { parseContender } from '../../src/domain/election.js';
import { SessionExpiredError } from '../../src/domain/proof-errors.js';
import { highestNumber } from '../../src/domain/publishing/counter-margin.js';
import type { Original } from '../../src/domain/publishing/pairing.js';
import type { Acl, HeldSession, SessionKey } from '../../src/ports/znode-store.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { lockPath } from '../reach/marker.js';
import { signIn } from '../reach/own-sessions.js';

const SESSION_TIMEOUT_MS = 10_000;
const RENEW_EVERY_MS = 1_000;
const CONNECT_MS = 2_000;
const SHORTEST_CONNECT_MS = 250;
/** Looks follow each other every 200 ms; in between target may cost a few operations. */
const LONGEST_PAUSE_MS = 3_000;
/** A connection, a renewal and two rounds of reads, each until its deadline. */
const LONGEST_LOOK_MS = 8_000;

export interface SourceViewOptions {
  readonly ports: Pick<Ports, 'secrets' | 'store'>;
  readonly config: ClusterConfig;
  /** Names the sign-in; never ends in `_<number>`. */
  readonly name: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Called when the contenders change. */
  readonly wake: () => void;
}

/** What source shows: its contenders, and the highest number it has handed out. */
export interface SourceLook {
  readonly originals: readonly Original[];
  readonly highest: number;
}

/**
 * Reads source's election, and holds the lease under which mirrors may stand. A server that is cut
 * off from its ensemble still answers reads, so the lease is renewed only by a transaction, which
 * goes through the ensemble's leader and its quorum; what is read after it is not older than it.
 */
export class SourceView {
  private session: HeldSession | null = null;
  private key: SessionKey | null = null;
  private renewedAt: number;
  private lookedAt: number;
  /** Since the last renewal a lapse was forgiven already. */
  private forgiven = false;
  private timeoutMs = SESSION_TIMEOUT_MS;
  /** By name and creation: an ACL is read once per contender. */
  private readonly acls = new Map<string, readonly Acl[]>();

  constructor(private readonly options: SourceViewOptions) {
    // A successor gets the time to reach source before it takes away what stands.
    this.renewedAt = options.now();
    this.lookedAt = this.renewedAt;
  }

  /** Two thirds of source's session timeout, so that all is gone before source has lost us. */
  get leaseHolds(): boolean {
    return this.leaseLeftMs > 0;
  }

  /** Trying for longer than the lease lasts would leave the mirrors to a stale view. */
  private get connectMs(): number {
    if (!this.leaseHolds) return CONNECT_MS;
    return Math.ceil(Math.max(SHORTEST_CONNECT_MS, Math.min(CONNECT_MS, this.leaseLeftMs)));
  }

  private get leaseLeftMs(): number {
    return this.renewedAt + (this.timeoutMs * 2) / 3 - this.options.now();
  }

  /** To be called before the lease counts in a new round: tells whether this process stood still since the last look. */
  noticePause(): void {
    if (this.options.now() - this.lookedAt > LONGEST_PAUSE_MS) this.forgive();
  }

  /** @throws FerryError when source does not answer, or not with a quorum. */
  async look(signal: AbortSignal): Promise<SourceLook> {
    const { now } = this.options;
    const begunAt = now();
    try {
      return await this.lookNow(signal);
    } finally {
      this.lookedAt = now();
      if (this.lookedAt - begunAt > LONGEST_LOOK_MS) this.forgive();
    }
  }

  /**
   * A process that was stopped, and goes on, finds its lease over although nothing says that source is
   * out of reach: it gets the time to look, as a successor would, once for every renewal.
   */
  private forgive(): void {
    if (this.forgiven) return;
    this.forgiven = true;
    this.renewedAt = this.options.now();
  }

  private async lookNow(signal: AbortSignal): Promise<SourceLook> {
    const { config, now, wake } = this.options;
    const session = await this.connected(signal);
    if (now() - this.renewedAt >= RENEW_EVERY_MS) await this.renew(session);
    const path = config.electionPath;
    const [children, parent] = await Promise.all([session.children(path, wake), session.read(path)]);
    const names = (children ?? []).filter((name) => parseContender(name) !== null);
    const found = await Promise.all(names.map((name) => this.original(session, name)));
    const highest = highestNumber(names, parent ?? { cversion: 0, numChildren: 0 });
    return { originals: found.filter((one) => one !== null), highest };
  }

  /** Ends the session; it holds nothing but the sign-in. */
  async close(): Promise<void> {
    await this.session?.close();
  }

  private async connected(signal: AbortSignal): Promise<HeldSession> {
    const { ports, config, name } = this.options;
    if (this.session !== null && !this.session.lost.aborted) return this.session;
    this.session = null;
    const credentials = await ports.secrets(config.credentials.source);
    const options = {
      credentials,
      timeoutMs: this.connectMs,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      ...(this.key && { resume: this.key }),
    };
    const servers = config.source.servers.map(clientAddress);
    const session = await ports.store.connectHeld(servers, options, signal).catch((error: unknown) => {
      if (error instanceof SessionExpiredError) this.key = null;
      throw error;
    });
    this.key = session.key;
    try {
      await signIn(session, config, name);
      // Another server may lag behind the one before.
      await this.renew(session);
    } catch (error) {
      session.letGo();
      throw error;
    }
    this.timeoutMs = session.sessionTimeoutMs;
    this.session = session;
    return session;
  }

  private async renew(session: HeldSession): Promise<void> {
    const begunAt = this.options.now();
    await session.commit([{ do: 'check', path: lockPath(this.options.config.cluster) }]);
    this.renewedAt = begunAt;
    this.forgiven = false;
  }

  /** Null when it has gone in between. */
  private async original(session: HeldSession, name: string): Promise<Original | null> {
    const path = `${this.options.config.electionPath}/${name}`;
    const znode = await session.read(path);
    if (znode === null) return null;
    const creation = `${name} ${String(znode.czxid)}`;
    const acl = this.acls.get(creation) ?? (await session.acl(path));
    if (acl === null) return null;
    this.acls.set(creation, acl);
    return { name, data: znode.data, acl, czxid: znode.czxid };
  }
}
