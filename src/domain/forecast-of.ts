import type { CarriedPlan } from './carried-plan.js';
import type { ClusterConfig } from './config.js';
import type { Measurements } from './plan.js';
import {
  forecastMasters,
  forecastWindow,
  type Circumstances,
  type Restarts,
  type WindowForecast,
  type WorkerCrash,
} from './window-forecast.js';

/** What a migration has measured so far; every field in ms. */
export interface Seen {
  /** Null where the strategy has no rehearsal. */
  readonly rehearsal: Measurements | null;
  readonly restarts: Restarts;
  /** One step on all hosts; null until they are prepared for the window. */
  readonly stepMs: number | null;
}

/** Forecast of a migration's window and its reserve; null when the observers have not been rehearsed. */
export function forecastOf(
  config: ClusterConfig,
  plan: CarriedPlan,
  to: 'source' | 'target',
  { rehearsal, restarts, stepMs }: Seen,
): WindowForecast | null {
  const { sessionMs } = config.policy.timeouts;
  const seen: Circumstances = { stepMs, sessionMs, restarts, crash: crashOf(config, plan) };
  if (config.strategy === 'dual-publishing') return withReserve(forecastMasters(seen), config, seen.crash);
  if (rehearsal === null) return null;
  return withReserve(
    forecastWindow({ ...rehearsal, ahead: to === 'target' && plan.raiseEpoch }, seen),
    config,
    seen.crash,
  );
}

/** S22. */
function crashOf({ policy }: ClusterConfig, { temporal }: CarriedPlan): WorkerCrash {
  if (temporal === undefined || temporal.known) return 'prompt';
  return policy.acceptFrozenWorker ? 'accepted' : 'slow';
}

/** A configured reserve never undercuts what a frozen worker costs, which a person accepts by its own name only (S22). */
function withReserve(forecast: WindowForecast, config: ClusterConfig, crash: WorkerCrash): WindowForecast {
  const { reserveMs } = config.policy;
  if (reserveMs === null || (crash === 'slow' && reserveMs < forecast.reserveMs)) return forecast;
  const derivation = `${forecast.derivation}; policy.reserve sets ${String(reserveMs / 1000)} s instead`;
  return { ...forecast, reserveMs, derivation };
}
