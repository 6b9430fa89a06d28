import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';

/** What a running activity may be told and must tell; outside Temporal it is never cancelled and nobody listens. */
export interface Scope {
  readonly signal: AbortSignal;
  /** What the activity is at, for people; repeated while it works. */
  readonly heartbeat: (detail: string) => void;
  /** Ms since the epoch, for deadlines: never earlier than Temporal's clock allows, should this machine's be slow. */
  readonly now: () => number;
  /** The worker stood still for so long that the server must have given this attempt to another one. */
  readonly givenUp: () => boolean;
}

const outside: Scope = {
  signal: heardByMany(new AbortController().signal),
  heartbeat: () => undefined,
  now: () => Date.now(),
  givenUp: () => false,
};
/** Monotonic time, ms, at which an attempt first asked for its scope. */
const firstAsked = new WeakMap<Context, number>();
const watched = new WeakMap<Context, Wakefulness>();
const lastDetail = new WeakMap<Context, string>();
const hiding = new WeakMap<Context, (text: string) => string>();
const BEAT_EVERY_MS = 400;

/** The scope of the activity that calls, or a silent one in a command that runs without Temporal. */
export function scope(): Scope {
  const context = currentContext();
  if (context === null) return outside;
  const begunAt = firstAsked.get(context) ?? performance.now();
  firstAsked.set(context, begunAt);
  return {
    signal: heardByMany(context.cancellationSignal),
    now: () => Math.max(Date.now(), context.info.currentAttemptScheduledTimestampMs + performance.now() - begunAt),
    givenUp: () => watched.get(context)?.isLost() ?? false,
    heartbeat: (detail) => {
      const told = hiding.get(context)?.(detail) ?? detail;
      lastDetail.set(context, told);
      context.heartbeat(told);
    },
  };
}

/**
 * Repeats the last heartbeat while `work` goes on. Every wait inside has an end of its own, so that
 * a heartbeat never hides an activity that hangs for good.
 *
 * @param hide takes secrets out of what is told: the last heartbeat of an attempt that timed out is in the history
 */
export async function beating<T>(name: string, work: () => Promise<T>, hide: (text: string) => string): Promise<T> {
  const context = currentContext();
  if (context === null) return work();
  hiding.set(context, hide);
  const wakefulness = new Wakefulness(context.info.heartbeatTimeoutMs ?? Number.POSITIVE_INFINITY);
  watched.set(context, wakefulness);
  const timer = setInterval(() => {
    wakefulness.isLost();
    context.heartbeat(lastDetail.get(context) ?? name);
  }, BEAT_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Whether one attempt's worker has ever stood still for longer than `limitMs`, by either clock, for both may stop or be set. */
class Wakefulness {
  #wall = Date.now();
  #steady = performance.now();
  #lost = false;

  constructor(private readonly limitMs: number) {}

  isLost(): boolean {
    this.#lost ||= Math.max(Date.now() - this.#wall, performance.now() - this.#steady) > this.limitMs;
    this.#wall = Date.now();
    this.#steady = performance.now();
    return this.#lost;
  }
}

/** Each host that is spoken to listens: no leak that Node should warn of. */
function heardByMany(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

function currentContext(): Context | null {
  try {
    return Context.current();
  } catch {
    return null;
  }
}
