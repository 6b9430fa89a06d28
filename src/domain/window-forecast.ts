/** The slowest restart of each role that was measured on the way to the window, ms; null = none was. */
export interface Restarts {
  readonly agents: number | null;
  readonly frameworks: number | null;
  readonly masters: number | null;
}

export const NO_RESTARTS: Restarts = { agents: null, frameworks: null, masters: null };

/** What both kinds of window are forecast from; every field in ms. */
export interface Circumstances {
  /** One step on all hosts at once, as measured when they were prepared; null = not yet. */
  readonly stepMs: number | null;
  /** ZooKeeper session timeout of masters and clients (T). */
  readonly sessionMs: number;
  readonly restarts: Restarts;
  /** What a dead or frozen worker costs, by the Temporal server's settings (S22). */
  readonly crash: WorkerCrash;
}

/** What the observers' window is made of besides; every field in ms. */
export interface WindowParts {
  /** Stopping all observers, measured by the rehearsal. */
  readonly stopMs: number;
  /** Starting all observers until they serve, measured by the rehearsal. */
  readonly startAndSyncMs: number;
  /** True when the ensemble to be joined is ahead in zxid, so that clients get a new session at once. */
  readonly ahead: boolean;
}

export interface WindowForecast {
  readonly forecastMs: number;
  readonly reserveMs: number;
  /** One line for people: what each is the sum of, and what of it was measured. */
  readonly derivation: string;
}

export type WorkerCrash = 'prompt' | 'slow' | 'accepted';

/** Election 0.2 s and registry 0.2 s were seen on real masters (M 10.3); doubled, with the reads between. */
const ELECTION_AND_REGISTRY_MS = 2_000;
/** Agents re-registered 0.5–2 s after the election (M 10.3), with a random delay of up to 1 s. */
const REREGISTRATION_MS = 3_000;
/** SIGTERM ends a master in 5–20 ms (M 1.5); SIGKILL follows after a second. */
const STOP_MASTERS_MS = 2_000;
/** A master answers and contends 0.2–0.7 s after its start (M 10.2). */
const MASTER_START_MS = 2_000;
const STEP_MS = 500;
/** Cancellation arrives with a heartbeat: 0.8 × 2 s. */
const CANCELLATION_MS = 2_000;
/**
 * A dead worker in the window (T 4, short heartbeats and sticky time-out): with the server settings of
 * the lab and of the compose file, and a frozen one with a server that has its defaults.
 */
const WORKER_CRASH_MS = { prompt: 4_000, slow: 68_000, accepted: 4_000 } as const;

/** Steps that follow each other beside what the rehearsal measured: hold, read or clear, stop masters, barrier, lift. */
const OBSERVERS_STEPS = 5;
/** Stop, close the door, clear, swap, open the door, start. */
const MASTERS_STEPS = 6;

interface Term {
  readonly what: string;
  readonly ms: number;
  readonly origin: 'measured' | 'assumed' | 'configured';
}

/**
 * Forecast of the window in which the observers cross, and the reserve for its way back (design:
 * critical window).
 *
 * Clients back off for T/3 between tries when the new ensemble accepts them, and for T (their local
 * timer) when it refuses their zxid. On the way back the refusal is the other way round, so the
 * reserve holds a whole T.
 */
export function forecastWindow(parts: WindowParts, seen: Circumstances): WindowForecast {
  const cross: readonly Term[] = [
    { what: 'stop', ms: parts.stopMs, origin: 'measured' },
    { what: 'start and sync', ms: parts.startAndSyncMs, origin: 'measured' },
    steps(OBSERVERS_STEPS, seen),
    { what: 'stop masters', ms: STOP_MASTERS_MS, origin: 'assumed' },
  ];
  const reconnectMs = parts.ahead ? Math.ceil(seen.sessionMs / 3) : seen.sessionMs;
  return told(
    [
      ...cross,
      { what: parts.ahead ? 'reconnect T/3' : 'reconnect T', ms: reconnectMs, origin: 'configured' },
      election(),
      reregistration(seen),
    ],
    [...cross, session(seen), masterStart(seen), election(), ...interruptions(seen)],
  );
}

/**
 * Forecast of the window in which all masters move, and the reserve for its way back.
 *
 * Every master is a fresh process on either side, so no server refuses it for the zxid it has seen;
 * the reserve holds a whole T all the same, for znodes that have to be waited out.
 */
export function forecastMasters(seen: Circumstances): WindowForecast {
  const cross: readonly Term[] = [
    { what: 'stop masters', ms: STOP_MASTERS_MS, origin: 'assumed' },
    steps(MASTERS_STEPS, seen),
    masterStart(seen),
    election(),
  ];
  return told([...cross, reregistration(seen)], [...cross, session(seen), ...interruptions(seen)]);
}

/** The slower of two measured restarts. */
export function slower(a: number | null, b: number | null | undefined): number | null {
  return a === null || b === null || b === undefined ? (a ?? b ?? null) : Math.max(a, b);
}

function steps(count: number, { stepMs }: Circumstances): Term {
  const what = `steps ${String(count)} × ${seconds(stepMs ?? STEP_MS)} =`;
  return { what, ms: count * (stepMs ?? STEP_MS), origin: stepMs === null ? 'assumed' : 'measured' };
}

function masterStart({ restarts }: Circumstances): Term {
  const { masters } = restarts;
  return { what: 'masters start', ms: masters ?? MASTER_START_MS, origin: masters === null ? 'assumed' : 'measured' };
}

function election(): Term {
  return { what: 'election and registry', ms: ELECTION_AND_REGISTRY_MS, origin: 'assumed' };
}

/** In the window clients only register again; a restart does that and more. */
function reregistration({ restarts }: Circumstances): Term {
  const ms = slower(restarts.agents, restarts.frameworks);
  return { what: 'registration', ms: ms ?? REREGISTRATION_MS, origin: ms === null ? 'assumed' : 'measured' };
}

function session({ sessionMs }: Circumstances): Term {
  return { what: 'session timeout', ms: sessionMs, origin: 'configured' };
}

function interruptions({ crash }: Circumstances): readonly Term[] {
  const what = { prompt: 'worker crash', slow: 'worker frozen', accepted: 'worker crash, a frozen one accepted' }[
    crash
  ];
  return [
    { what, ms: WORKER_CRASH_MS[crash], origin: 'assumed' },
    { what: 'cancellation', ms: CANCELLATION_MS, origin: 'assumed' },
  ];
}

function told(forecast: readonly Term[], reserve: readonly Term[]): WindowForecast {
  const [forecastMs, reserveMs] = [sum(forecast), sum(reserve)];
  const derivation = `forecast ${seconds(forecastMs)} = ${list(forecast)}; reserve ${seconds(reserveMs)} = ${list(reserve)}`;
  return { forecastMs, reserveMs, derivation };
}

function sum(terms: readonly Term[]): number {
  return terms.reduce((all, { ms }) => all + ms, 0);
}

function list(terms: readonly Term[]): string {
  return terms.map(({ what, ms, origin }) => `${what} ${seconds(ms)} (${origin})`).join(' + ');
}

function seconds(ms: number): string {
  return `${String(Math.round(ms / 100) / 10)} s`;
}
