import type { MirrorDelay } from '../contract.js';
import type { Span } from './evidence.js';
import type { Publishing } from './publishing.js';

/**
 * How long target lagged behind source: for every contender that came or went in source while its mirrors were
 * published, the time until the same was seen in target. The first publication and what happens in the window are
 * none of it. Null when nothing was ever published.
 */
export function mirrorDelay({ source, target, stretches }: Publishing): MirrorDelay | null {
  if (stretches.length === 0) return null;
  const delays: number[] = [];
  for (const [name, stays] of source) {
    const mirrors = target.get(name) ?? [];
    for (const stay of stays) {
      const came = stretches.find(({ from, to }) => from < stay.from && stay.from < to);
      if (came) delays.push(delayOfComing(stay, mirrors, came));
      const gone = stretches.find(({ from, to }) => from < stay.to && stay.to < to);
      if (gone) delays.push(delayOfGoing(stay, mirrors, gone));
    }
  }
  delays.sort((a, b) => a - b);
  return {
    changes: delays.length,
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
    maxMs: percentile(delays, 1),
  };
}

/** Without a mirror the sides differed for as long as the contender stood. A watcher may see the mirror first. */
function delayOfComing(stay: Span, mirrors: readonly Span[], stretch: Span): number {
  const seen = mirrors.find(({ to }) => to > stay.from)?.from ?? Infinity;
  return Math.max(0, Math.min(seen, stay.to, stretch.to) - stay.from);
}

/** A contender's number is never given again, so whatever bears its name later is late. */
function delayOfGoing(stay: Span, mirrors: readonly Span[], stretch: Span): number {
  const late = mirrors.filter(({ from, to }) => to > stay.to && from < stretch.to).map(({ to }) => to);
  return Math.max(0, Math.min(Math.max(stay.to, ...late), stretch.to) - stay.to);
}

/** Nearest rank, in tenths of a ms. */
function percentile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
