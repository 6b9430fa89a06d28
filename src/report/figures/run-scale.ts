import type { Report } from '../../domain/report.js';
import { type Scale, type Stretch, linear, weighted } from './scale.js';

export interface RunScale {
  readonly scale: Scale;
  /** Phases drawn shorter than they were, by name: people may take hours at a gate. */
  readonly shortened: readonly string[];
}

/** The whole run from its begin to its end, or to when the report was made. */
export function runScale({ phases, startedAt, endedAt, madeAt }: Report): RunScale {
  const from = Date.parse(startedAt ?? madeAt);
  const to = Math.max(Date.parse(endedAt ?? madeAt), from + 1);
  const stretches: Stretch[] = [];
  const shortened: string[] = [];
  const spans = phases.map(({ name, startedAt: at, durationMs }) => {
    const begin = Date.parse(at);
    return { name, from: begin, to: durationMs === null ? to : begin + durationMs };
  });
  const isGate = (name: string) => name.startsWith('gate ');
  const worked = spans.reduce((sum, span) => sum + (isGate(span.name) ? 0 : span.to - span.from), 0);
  const most = Math.max(worked / 4, 1);
  let until = from;
  for (const span of spans) {
    if (span.from < until) continue;
    if (span.from > until) stretches.push({ from: until, to: span.from, weight: span.from - until });
    const length = span.to - span.from;
    const isLong = isGate(span.name) && length > worked / 2 && worked > 0;
    if (isLong) shortened.push(span.name);
    stretches.push({ from: span.from, to: span.to, weight: isLong ? most : length });
    until = span.to;
  }
  // Between the last phase and the making of the report nothing is known.
  if (to > until) stretches.push({ from: until, to, weight: Math.min(to - until, most) });
  return { scale: stretches.length === 0 ? linear(from, to) : weighted(stretches), shortened };
}
