/** How promptly the Temporal server fires timers, as a running migration has measured it (S22). */
export interface TemporalTimers {
  /** How late the promptest of a few short timers was, in ms; null where nobody measured. */
  readonly timerLateMs: number | null;
  /** Measured, and as prompt as with the server settings that forecast and reserve count with. */
  readonly known: boolean;
}

/** What is measured, in ms: far below the second for which a server with default settings holds timers back. */
export const SHORT_TIMER_MS = 100;
/** A single late one may be the worker's fault; a server with default settings is late every time. */
export const TIMER_TRIES = 3;
/**
 * With `history.timerProcessorMaxTimeShift` at 100 ms such a timer was 17–200 ms late, by default about
 * 900 ms (measured with server 1.29).
 */
const PROMPT_MS = 500;

export const UNMEASURED: TemporalTimers = { timerLateMs: null, known: false };

export function isPrompt(lateMs: number): boolean {
  return lateMs <= PROMPT_MS;
}

/** @param latenessMs of each short timer, ms */
export function timersOf(latenessMs: readonly number[]): TemporalTimers {
  if (latenessMs.length === 0) return UNMEASURED;
  const timerLateMs = Math.max(0, Math.min(...latenessMs));
  return { timerLateMs, known: isPrompt(timerLateMs) };
}
