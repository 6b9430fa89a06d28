import type { Budget } from './plan.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  secs: 1000,
  mins: 60_000,
  hrs: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};

/** A duration as Mesos prints it in `/flags`, for example `15secs` or `1.25mins`, in ms; null when it is none. */
export function parseMesosDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|secs|mins|hrs|days|weeks)$/.exec(text.trim());
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return unitMs === undefined ? null : Number(match?.[1]) * unitMs;
}

/** A master's live `/flags`, or null where they cannot be read. */
export interface MasterFlags {
  readonly master: string;
  readonly flags: Readonly<Record<string, string>> | null;
}

export interface PingFlags {
  readonly timeoutMs: number;
  readonly maxTimeouts: number;
}

/** The ping flags among a master's live flags, under their names since 1.0 or before; null when they cannot be read. */
export function pingFlagsOf(flags: Readonly<Record<string, string>>): PingFlags | null {
  const timeoutMs = parseMesosDuration(flags['agent_ping_timeout'] ?? flags['slave_ping_timeout'] ?? '');
  const count = flags['max_agent_ping_timeouts'] ?? flags['max_slave_ping_timeouts'] ?? '';
  return timeoutMs === null || !/^\d+$/.test(count) ? null : { timeoutMs, maxTimeouts: Number(count) };
}

export type BudgetVerdict =
  { readonly ok: true; readonly budget: Budget } | { readonly ok: false; readonly reason: string };

/**
 * Budget of the critical window: ping timeout × count, the smallest among all masters. A master whose
 * flags cannot be read counts with the values `stated` in the config, and without them there is no
 * budget: the default of 75 s is never assumed. `lowerToMs` may lower it, never raise it.
 */
export function deriveBudget(from: {
  readonly masters: readonly MasterFlags[];
  readonly stated: PingFlags | null;
  readonly lowerToMs: number | null;
}): BudgetVerdict {
  if (from.masters.length === 0) return { ok: false, reason: 'there is no master to read the ping flags from' };
  const read = from.masters.map(({ master, flags }) => ({ master, live: flags === null ? null : pingFlagsOf(flags) }));
  const unread = read.filter(({ live }) => live === null).map(({ master }) => master);
  if (unread.length > 0 && from.stated === null) {
    return {
      ok: false,
      reason: `the ping flags of ${unread.join(', ')} cannot be read and policy.agentPing does not state them`,
    };
  }
  const candidates = read.map(({ master, live }) => {
    const ping = live ?? from.stated ?? { timeoutMs: 0, maxTimeouts: 0 };
    const origin = live === null ? `stated in policy.agentPing, ${master} does not tell` : `live on ${master}`;
    return { ...ping, origin, budgetMs: ping.timeoutMs * ping.maxTimeouts };
  });
  const least = candidates.reduce((a, b) => (b.budgetMs < a.budgetMs ? b : a));
  if (!(least.budgetMs > 0)) return { ok: false, reason: `the ping flags ${least.origin} leave no time at all` };
  const { length } = from.masters;
  const sum =
    `${seconds(least.timeoutMs)} ping timeout × ${String(least.maxTimeouts)} = ${seconds(least.budgetMs)} ` +
    `(${least.origin}; the least of ${String(length)} ${length === 1 ? 'master' : 'masters'})`;
  if (from.lowerToMs === null) return { ok: true, budget: { budgetMs: least.budgetMs, derivation: sum } };
  return from.lowerToMs < least.budgetMs
    ? {
        ok: true,
        budget: {
          budgetMs: from.lowerToMs,
          derivation: `${sum}, lowered to ${seconds(from.lowerToMs)} by policy.budget`,
        },
      }
    : {
        ok: true,
        budget: {
          budgetMs: least.budgetMs,
          derivation: `${sum}; policy.budget of ${seconds(from.lowerToMs)} does not lower it`,
        },
      };
}

export type WindowVerdict =
  | {
      readonly ok: true;
      /** Turn-back point, ms after the window has opened. */
      readonly turnBackAfterMs: number;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether the window may open: the forecast stays within its share (0–1] of the budget, and forecast
 * plus reserve within the whole of it.
 */
export function windowVerdict(window: {
  readonly budgetMs: number;
  readonly forecastMs: number;
  readonly reserveMs: number;
  readonly share: number;
}): WindowVerdict {
  const { budgetMs, forecastMs, reserveMs, share } = window;
  // Written so that a figure that is no number refuses, too.
  if (!(budgetMs > 0 && forecastMs >= 0 && reserveMs >= 0 && share > 0 && share <= 1)) {
    return { ok: false, reason: 'budget, forecast, reserve or share is not a possible figure' };
  }
  if (forecastMs > budgetMs * share) {
    return {
      ok: false,
      reason: `the forecast of ${seconds(forecastMs)} exceeds ${String(Math.round(share * 100))} % of the budget of ${seconds(budgetMs)}`,
    };
  }
  if (forecastMs + reserveMs > budgetMs) {
    return {
      ok: false,
      reason: `forecast ${seconds(forecastMs)} and reserve ${seconds(reserveMs)} exceed the budget of ${seconds(budgetMs)}`,
    };
  }
  return { ok: true, turnBackAfterMs: budgetMs - reserveMs };
}

function seconds(ms: number): string {
  return `${String(Math.round(ms) / 1000)} s`;
}
