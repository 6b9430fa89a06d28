import { setTimeout as delay } from 'node:timers/promises';
import { FerryError } from '../../domain/errors.js';
import type { MigrationStatus } from '../../domain/status.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** What whoever watches is told. */
export interface Listener {
  /** After every look, also when nothing has changed. */
  seen(status: MigrationStatus): void;
  /** State, phase, progress, incidents or what it waits for have changed. */
  changed(status: MigrationStatus): void;
  /** Nobody answers; told once, and again when the reason is another one. */
  away(reason: FerryError): void;
  /** Somebody answers again. */
  back(): void;
}

export interface FollowOptions {
  readonly exitOnWait: boolean;
  /** Null: for as long as it takes. */
  readonly timeoutMs: number | null;
  readonly pauseMs: number;
  /** Ends the watching, and nothing else. */
  readonly signal: AbortSignal;
}

/** The time was up; the migration goes on. */
export class WatchTimeoutError extends FerryError {
  readonly code = 'FERRY_WATCH_TIMEOUT';
  readonly retryable = true;
  override readonly remedy: string;
  constructor(cluster: string, timeoutMs: number, last: string) {
    super(`watched for ${String(timeoutMs / 1000)} s, and the migration of cluster ${cluster} has not ended: ${last}`);
    this.remedy = `nothing was stopped, it goes on; watch it again: zkferry watch ${cluster}`;
  }
}

/**
 * Follows a migration until it has ended, whoever is away in between.
 *
 * @returns 0 migrated, 3 rolled back or cancelled before anything was written, 1 stranded, 4 waiting for a person; null when it was interrupted
 * @throws WatchTimeoutError, and what `look` throws that no second look can mend
 */
export async function follow(
  cluster: string,
  look: () => Promise<MigrationStatus>,
  listener: Listener,
  options: FollowOptions,
): Promise<ExitCode | null> {
  const { exitOnWait, timeoutMs, pauseMs, signal } = options;
  const end = timeoutMs === null ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  let key = '';
  let said = 'nobody has answered yet';
  let away: string | null = null;
  while (!signal.aborted) {
    const seen = await interruptible(look(), end - performance.now(), signal);
    if (seen === 'interrupted') return null;
    if (seen instanceof FerryError) {
      if (seen.message !== away) listener.away(seen);
      away = seen.message;
    } else if (seen !== 'late') {
      if (away !== null) listener.back();
      away = null;
      listener.seen(seen);
      const now = keyOf(seen);
      if (now !== key) listener.changed(seen);
      key = now;
      said = `${seen.state}, phase ${seen.phase}`;
      const code = exitCodeOf(seen, exitOnWait);
      if (code !== null) return code;
    }
    const leftMs = end - performance.now();
    if (leftMs <= 0) throw new WatchTimeoutError(cluster, timeoutMs ?? 0, away ?? said);
    await delay(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function exitCodeOf({ state, waitingFor }: MigrationStatus, exitOnWait: boolean): ExitCode | null {
  if (state === 'migrated') return EXIT.done;
  if (state === 'rolled-back' || state === 'cancelled') return EXIT.rolledBack;
  if (state === 'stranded') return EXIT.failed;
  return exitOnWait && waitingFor !== null ? EXIT.waiting : null;
}

function keyOf({ state, phase, progress, incidents, waitingFor }: MigrationStatus): string {
  return JSON.stringify([state, phase, progress.done, progress.failed, incidents, waitingFor?.what]);
}

/** The answer of a look; the error where a later look may answer; which of the others came first. */
async function interruptible(
  look: Promise<MigrationStatus>,
  leftMs: number,
  signal: AbortSignal,
): Promise<MigrationStatus | FerryError | 'late' | 'interrupted'> {
  const answer = look.catch((cause: unknown) => {
    if (cause instanceof FerryError && cause.retryable) return cause;
    throw cause;
  });
  // Whoever comes too late is heard by nobody.
  answer.catch(() => undefined);
  const over = new AbortController();
  const never = new Promise<never>(() => undefined);
  const late = Number.isFinite(leftMs)
    ? delay(Math.max(0, leftMs), 'late' as const, { signal: over.signal }).catch(() => never)
    : never;
  const interrupted = new Promise<'interrupted'>((resolve) =>
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true, signal: over.signal }),
  );
  try {
    return await Promise.race([answer, late, interrupted]);
  } finally {
    over.abort();
  }
}
