import { Context } from '@temporalio/activity';

/** What a running activity may be told and must tell; outside Temporal it is never cancelled and nobody listens. */
export interface Scope {
  readonly signal: AbortSignal;
  /** What the activity is at, for people; repeated while it works. */
  readonly heartbeat: (detail: string) => void;
}

const outside: Scope = { signal: new AbortController().signal, heartbeat: () => undefined };
const lastDetail = new WeakMap<Context, string>();
const BEAT_EVERY_MS = 400;

/** The scope of the activity that calls, or a silent one in a command that runs without Temporal. */
export function scope(): Scope {
  const context = currentContext();
  if (context === null) return outside;
  return {
    signal: context.cancellationSignal,
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
