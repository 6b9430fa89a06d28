import { durationText } from './value.js';

/** Where instants (ms since the epoch) stand, in per cent of a lane's width. */
export interface Scale {
  readonly from: number;
  readonly to: number;
  at(instant: number): number;
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly percent: number;
  /** Time since the scale's origin. */
  readonly text: string;
}

/** A stretch of time that gets this weight instead of its length. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** @param origin the instant from which its ticks count */
export function linear(from: number, to: number, origin = from): Scale {
  return weighted([{ from, to: Math.max(to, from + 1), weight: 1 }], origin);
}

/** Stretches follow each other without a hole. */
export function weighted(stretches: readonly Stretch[], origin?: number): Scale {
  const from = stretches[0]?.from ?? 0;
  const to = stretches.at(-1)?.to ?? from + 1;
  const whole = stretches.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const at = (instant: number): number => {
    let before = 0;
    for (const stretch of stretches) {
      const length = stretch.to - stretch.from;
      const part = length <= 0 ? 1 : Math.min(1, Math.max(0, (instant - stretch.from) / length));
      if (instant <= stretch.to) return round(((before + part * stretch.weight) / whole) * 100);
      before += stretch.weight;
    }
    return 100;
  };
  return { from, to, at, ticks: ticksOf(from, to, origin ?? from, at) };
}

const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map((s) => s * 1_000),
);

/** Narrow screens show about four labels side by side. */
const APART_PERCENT = 18;

function ticksOf(from: number, to: number, origin: number, at: (instant: number) => number): Tick[] {
  const stepMs = STEPS_MS.find((step) => (to - from) / step <= 8) ?? 86_400_000;
  const ticks: Tick[] = [];
  const first = Math.ceil((from - origin) / stepMs) * stepMs;
  for (let since = first; origin + since <= to && ticks.length < 50; since += stepMs) {
    const percent = at(origin + since);
    const last = ticks.at(-1);
    if (last === undefined || percent - last.percent >= APART_PERCENT) ticks.push({ percent, text: tickText(since) });
  }
  return ticks;
}

function tickText(ms: number): string {
  return ms === 0
    ? '0'
    : durationText(ms)
        .replace(/\.0+ /, ' ')
        .replace(/(\.\d)0 /, '$1 ')
        .replace(/ 0 (s|min)$/, '');
}

function round(percent: number): number {
  return Math.round(percent * 1_000) / 1_000;
}
