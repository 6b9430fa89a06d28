import { Context } from '@temporalio/activity';

/** What a running activity may be told and must tell; outside Temporal it is never cancelled and nobody listens. */
export interface Scope {
  readonly signal: AbortSignal;
  /** What the activity is at, for people; repeated while it works. */
  readonly heartbeat: (detail: string) => void;
  /** Ms since the epoch, for deadlines: never earlier than Temporal's clock allows, should this machine's be slow. */
  readonly now: () => number;
}

const outside: Scope = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
  now: () => Date.now(),
};
/** Monotonic time, ms, at which an attempt first asked for its scope. */
const firstAsked = new WeakMap<Context, number>();
const lastDetail = new WeakMap<Context, string>();
const BEAT_EVERY_MS = 400;

/** The scope of the activity that calls, or a silent one in a command that runs without Temporal. */
export function scope(): Scope {
  const context = currentContext();
  if (context === null) return outside;
  const begunAt = firstAsked.get(context) ?? performance.now();
  firstAsked.set(context, begunAt);
  return {
    signal: context.cancellationSignal,
    now: () => Math.max(Date.now(), context.info.currentAttemptScheduledTimestampMs + performance.now() - begunAt),
    heartbeat: (detail) => {
      lastDetail.set(context, detail);
      context.heartbeat(detail);
    },
  };
}

/**
 * Repeats the last heartbeat while `work` goes on. Every wait inside has an end of its own, so that
 * a heartbeat never hides an activity that hangs for good.
 */
export async function beating<T>(name: string, work: () => Promise<T>): Promise<T> {
  const context = currentContext();
  if (context === null) return work();
  const timer = setInterval(() => context.heartbeat(lastDetail.get(context) ?? name), BEAT_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function currentContext(): Context | null {
  try {
    return Context.current();
  } catch {
    return null;
  }
}
