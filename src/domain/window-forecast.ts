/** What the window's forecast and reserve are made of; every field in ms. */
export interface WindowParts {
  /** Stopping all observers, measured by the rehearsal. */
  readonly stopMs: number;
  /** Starting all observers until they serve, measured by the rehearsal. */
  readonly startAndSyncMs: number;
  /** ZooKeeper session timeout of masters and clients (T). */
  readonly sessionMs: number;
  /** True when the ensemble to be joined is ahead in zxid, so that clients get a new session at once. */
  readonly ahead: boolean;
}

export interface WindowForecast {
  readonly forecastMs: number;
  readonly reserveMs: number;
}

/** Election 0.2 s and registry 0.2 s were seen on real masters (M 10.3); doubled, with the reads between. */
const ELECTION_AND_REGISTRY_MS = 2_000;
/** Agents re-registered 0.5–2 s after the election (M 10.3), with a random delay of up to 1 s. */
const REREGISTRATION_MS = 3_000;
/** A dead worker in the window (T 4, short heartbeats and sticky time-out). */
const WORKER_CRASH_MS = 4_000;
/** Cancellation arrives with a heartbeat: 0.8 × 2 s. */
const CANCELLATION_MS = 2_000;

/**
 * Forecast of the window and the reserve for its way back (design: critical window).
 *
 * Clients back off for T/3 between tries when the new ensemble accepts them, and for T (their local
 * timer) when it refuses their zxid. On the way back the refusal is the other way round, so the
 * reserve holds a whole T.
 */
export function forecastWindow(parts: WindowParts): WindowForecast {
  const reconnectMs = parts.ahead ? Math.ceil(parts.sessionMs / 3) : parts.sessionMs;
  const switchMs = parts.stopMs + parts.startAndSyncMs;
  return {
    forecastMs: switchMs + reconnectMs + ELECTION_AND_REGISTRY_MS + REREGISTRATION_MS,
    reserveMs: switchMs + parts.sessionMs + ELECTION_AND_REGISTRY_MS + WORKER_CRASH_MS + CANCELLATION_MS,
  };
}

/** What the forecast of the masters' window is made of; every field in ms. */
export interface MastersWindowParts {
  /** The slowest of the steps that prepared the hosts for the window. */
  readonly stepMs: number;
  /** ZooKeeper session timeout of masters and clients (T). */
  readonly sessionMs: number;
}

/** SIGTERM ends a master in 5–20 ms (M 1.5); SIGKILL follows after a second. */
const STOP_MASTERS_MS = 2_000;
/** Steps that follow each other: stop, close the door, clear, swap, open the door, start. */
const STEPS = 6;
/** A master answers and contends 0.2–0.7 s after its start (M 10.2). */
const MASTER_START_MS = 2_000;

/**
 * Forecast of the window in which all masters move, and the reserve for its way back.
 *
 * Every master is a fresh process on either side, so no server refuses it for the zxid it has seen;
 * the reserve holds a whole T all the same, for znodes that have to be waited out.
 */
export function forecastMasters({ stepMs, sessionMs }: MastersWindowParts): WindowForecast {
  const crossMs = STOP_MASTERS_MS + STEPS * stepMs + MASTER_START_MS + ELECTION_AND_REGISTRY_MS;
  return {
    forecastMs: crossMs + REREGISTRATION_MS,
    reserveMs: crossMs + sessionMs + WORKER_CRASH_MS + CANCELLATION_MS,
  };
}
