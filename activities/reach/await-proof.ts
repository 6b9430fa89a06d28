import { setTimeout as delay } from 'node:timers/promises';
import { boundedSignal } from '../../src/domain/bounded-signal.js';
import { FerryError } from '../../src/domain/errors.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import { scope } from './scope.js';

export type Look<T> = { readonly proved: true; readonly value: T } | { readonly proved: false; readonly seen: string };

export interface ProofRequest {
  /** Null = no single host. */
  readonly host: string | null;
  /** Completes "not proved that …". */
  readonly what: string;
  /** Instant (ms since the epoch) at which it gives up; null = only when it is cancelled. */
  readonly until: number | null;
  readonly everyMs: number;
  readonly remedy?: string;
}

/** Shortest time between two heartbeats; Temporal throttles them as well. */
const HEARTBEAT_EVERY_MS = 400;

export const proved = <T>(value: T): Look<T> => ({ proved: true, value });
export const unproved = (seen: string): Look<never> => ({ proved: false, seen });

/**
 * Looks again and again until the proof is complete. A look that fails with a retryable error is one
 * that saw nothing; an error that repeating cannot help ends the wait at once. Each look ends with
 * the patience, so that a silent host cannot outlast it. Heartbeats carry what was seen last.
 *
 * @throws NotProvedError when the patience has ended; the abort reason when cancelled.
 */
export async function awaitProof<T>(
  request: ProofRequest,
  look: (signal: AbortSignal) => Promise<Look<T>>,
): Promise<T> {
  const { signal, heartbeat } = scope();
  const left = (): number => (request.until === null ? Number.POSITIVE_INFINITY : request.until - Date.now());
  let seen = 'nothing yet';
  let toldAt = 0;
  for (let round = 0; round === 0 || left() > 0; round += 1) {
    signal.throwIfAborted();
    if (Date.now() - toldAt >= HEARTBEAT_EVERY_MS) {
      heartbeat(`${request.host === null ? '' : `${request.host}: `}${seen}`);
      toldAt = Date.now();
    }
    const end = withEnd(signal, left());
    try {
      const found = await look(end);
      if (found.proved) return found.value;
      seen = found.seen;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FerryError && error.retryable) seen = error.message;
      // Cut off by the end of the patience: what was seen before still counts.
      else if (!(error instanceof FerryError) && end.aborted) seen = round === 0 ? 'no answer in time' : seen;
      else throw error;
    }
    await delay(Math.max(0, Math.min(request.everyMs, left())), undefined, { signal });
  }
  const { host, what, remedy } = request;
  throw new NotProvedError(host, what, seen, remedy === undefined ? {} : { remedy });
}

function withEnd(signal: AbortSignal, leftMs: number): AbortSignal {
  if (!Number.isFinite(leftMs)) return signal;
  // At least one look gets the time to be taken.
  return boundedSignal(signal, Math.max(1_000, Math.ceil(leftMs)));
}
