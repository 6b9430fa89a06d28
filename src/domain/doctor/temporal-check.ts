/** `block`: a migration could not be started, or cannot go on. */
export type TemporalVerdict = 'ok' | 'info' | 'warn' | 'block';

/** One thing that was looked at. */
export interface TemporalCheck {
  readonly id: string;
  readonly verdict: TemporalVerdict;
  readonly seen: string;
  /** What to do; null where nothing has to be done. */
  readonly remedy: string | null;
}

export function check(id: string, verdict: TemporalVerdict, seen: string, remedy: string | null = null): TemporalCheck {
  return { id, verdict, seen, remedy };
}
