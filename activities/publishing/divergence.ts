import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterConfig } from '../../src/domain/config.js';
import { pidOfContender } from '../../src/domain/contender-body.js';
import { contendersOf } from '../../src/domain/election.js';
import { FerryError } from '../../src/domain/errors.js';
import { DiscordClock, type Leading } from '../../src/domain/publishing/divergence.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { Divergence, EnsembleName, PublishingActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { masterAt } from '../reach/contenders.js';
import { signIn } from '../reach/own-sessions.js';
import { scope } from '../reach/scope.js';
import { readOwnerWith, sessionOf } from './owner-znode.js';
import { publisherKey, type PublisherKey } from './publisher-key.js';

const LOOK_EVERY_MS = 100;
/** Both sides are compared by looks that are no older; well below what the mirror may take. */
const FRESH_MS = 500;
/** How long one side may be out of sight before that is worth a person's time. */
const BLIND_MS = 30_000;
const CONNECT_MS = 2_000;

interface Standing extends Leading {
  readonly znode: string;
  readonly owner: string;
}

interface TargetLook {
  readonly standing: readonly Standing[];
  readonly natives: readonly Standing[];
  readonly withdrawn: boolean;
}

/** Compares who leads in source and in target, through a session on each side that lasts (S19). */
export function createDivergenceWatch(ports: Ports): Pick<PublishingActivities, 'watchDivergence'> {
  return {
    async watchDivergence({ config, asked }) {
      const { signal, heartbeat } = scope();
      const clock = new DiscordClock({ mirrorMs: config.policy.timeouts.mirrorMs, blindMs: BLIND_MS });
      const key = await publisherKey(ports, config);
      const name = `watch-${randomUUID()}`;
      const source = new Lookout(ports, config, 'source', {
        identities: [],
        begin: (session) => signIn(session, config, name),
        read: (session) => standingIn(config, session),
      });
      const target = new Lookout(ports, config, 'target', {
        // The owner znode is the publisher's alone.
        identities: [key.identity],
        begin: () => Promise.resolve(),
        read: (session) => lookAtTarget(key, config, session),
      });
      try {
        for (;;) {
          const next = delay(LOOK_EVERY_MS, undefined, { signal });
          // A side that hangs must not keep a native contender on the other from being seen.
          await Promise.race([Promise.all([source.look(), target.look()]), next]);
          const atMs = performance.now();
          const [fromSource, fromTarget] = [source.seenAt(atMs), target.seenAt(atMs)];
          const native = fromTarget?.natives.find(({ znode }) => !asked.includes(znode));
          if (native !== undefined) return await nativeContender(config, native);
          const discord = clock.look({
            atMs,
            source: leading(fromSource),
            target: leading(fromTarget?.standing),
            withdrawn: fromTarget?.withdrawn ?? false,
          });
          const news = discord !== null && !asked.includes(discord.kind) ? discord : null;
          if (news?.kind === 'divergence') return news;
          if (news !== null) {
            const seen = (news.ensemble === 'source' ? source : target).problem;
            return { ...news, seen };
          }
          tellLeaders(ports, config, fromSource, fromTarget?.standing);
          heartbeat(`source names ${told(fromSource)}, target ${told(fromTarget?.standing)}`);
          await next;
        }
      } finally {
        await Promise.all([source.close(), target.close()]);
      }
    },
  };
}

interface Watching<T> {
  readonly identities: readonly string[];
  readonly begin: (session: ZnodeSession) => Promise<void>;
  readonly read: (session: ZnodeSession) => Promise<T>;
}

/** Looks at one ensemble, one look at a time, in a session that is replaced whenever a look through it fails. */
class Lookout<T> {
  /** Why the last look that failed did. */
  problem = 'nothing yet';
  private session: ZnodeSession | null = null;
  private looking: Promise<void> | null = null;
  private latest: { readonly value: T; readonly atMs: number } | null = null;
  private failure: Error | null = null;
  private isClosed = false;

  constructor(
    private readonly ports: Ports,
    private readonly config: ClusterConfig,
    private readonly ensemble: EnsembleName,
    private readonly watching: Watching<T>,
  ) {}

  /** Begins a look unless one is under way; never rejects. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => (this.looking = null));
    return this.looking;
  }

  /**
   * What the last look saw; undefined when that is too long ago to be compared.
   * @throws FerryError that repeating cannot help, such as a key that is not the publisher's.
   */
  seenAt(nowMs: number): T | undefined {
    if (this.failure !== null) throw this.failure;
    return this.latest !== null && nowMs - this.latest.atMs <= FRESH_MS ? this.latest.value : undefined;
  }

  /** A look that is under way closes what it opens itself: it may hang for seconds. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.drop();
  }

  private async lookOnce(): Promise<void> {
    try {
      const value = await this.watching.read((this.session ??= await this.open()));
      this.latest = { value, atMs: performance.now() };
    } catch (error) {
      const cause = error as Error;
      if (!(cause instanceof FerryError) || !cause.retryable) this.failure = cause;
      this.problem = cause.message;
      this.latest = null;
      await this.drop();
    } finally {
      if (this.isClosed) await this.drop();
    }
  }

  private async drop(): Promise<void> {
    const { session } = this;
    this.session = null;
    await session?.close();
  }

  private async open(): Promise<ZnodeSession> {
    const { ports, config, ensemble, watching } = this;
    const credentials = await ports.secrets(config.credentials[ensemble]);
    const options = { credentials, moreCredentials: watching.identities, timeoutMs: CONNECT_MS };
    const servers = config[ensemble].servers.map(clientAddress);
    const session = await ports.store.connect(servers, options, scope().signal);
    try {
      await watching.begin(session);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }
}

/** Contenders in the order of succession, without one that goes between the two reads. */
async function standingIn({ electionPath }: ClusterConfig, session: ZnodeSession): Promise<Standing[]> {
  const names = contendersOf((await session.children(electionPath)) ?? []);
  const found = await Promise.all(
    names.map(async (contender): Promise<Standing | null> => {
      const znode = `${electionPath}/${contender.name}`;
      const read = await session.read(znode);
      if (read === null) return null;
      const { data, ephemeralOwner: owner } = read;
      return { znode, name: contender.name, id: idIn(data), pid: pidOfContender(contender, data) ?? '', owner };
    }),
  );
  return found.filter((one) => one !== null);
}

/**
 * The owner znode is read before and after: the publisher writes a session there before that session's
 * first mirror, and the one before has ended by then, so every mirror seen in between is of one of the two.
 * Where there is no owner znode any more, nothing tells a mirror from a master that must not stand.
 */
async function lookAtTarget(key: PublisherKey, config: ClusterConfig, session: ZnodeSession): Promise<TargetLook> {
  const before = await readOwnerWith(key, config.cluster, session);
  const standing = await standingIn(config, session);
  const after = await readOwnerWith(key, config.cluster, session);
  const publishers = [before, after].map(sessionOf);
  return {
    standing,
    natives: after === null ? [] : standing.filter(({ owner }) => !publishers.includes(owner)),
    withdrawn: before?.mode === 'withdrawn' || after?.mode === 'withdrawn',
  };
}

async function nativeContender(config: ClusterConfig, { znode, pid }: Standing): Promise<Divergence> {
  return { kind: 'native-contender', znode, pid, master: (await masterAt(config, pid))?.name ?? null };
}

function leading(standing: readonly Standing[] | undefined): Leading | null | undefined {
  return standing === undefined ? undefined : (standing[0] ?? null);
}

function tellLeaders({ telemetry }: Ports, { cluster, masters }: ClusterConfig, ...seen: readonly Seen[]): void {
  for (const [side, standing] of seen.entries()) {
    const first = leading(standing);
    if (first === undefined) continue;
    const known = masters.find(({ address, httpPort }) => first?.pid.endsWith(`@${address}:${String(httpPort)}`));
    const leader = first === null ? null : (known?.name ?? (first.pid || first.name));
    telemetry?.leader({ cluster, ensemble: side === 0 ? 'source' : 'target', leader });
  }
}

type Seen = readonly Standing[] | undefined;

function told(standing: readonly Standing[] | undefined): string {
  const first = leading(standing);
  return first === undefined ? 'nobody knows whom' : (first?.name ?? 'nobody');
}

function idIn(data: Buffer): string | null {
  try {
    const { id } = JSON.parse(data.toString('utf8')) as { id?: unknown };
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
