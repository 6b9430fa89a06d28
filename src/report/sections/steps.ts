import type { Report, ReportStep } from '../../domain/report.js';
import { phaseIndexAt } from '../../domain/trace.js';
import { axis, lane, row } from '../figures/lane.js';
import { linear, type Scale } from '../figures/scale.js';
import { durationText } from '../figures/value.js';
import { markup, type Markup } from '../markup.js';

const MOST_ROWS = 60;

/** What a phase did, host by host, at the scale of the phase. */
export function stepsOfPhase({ steps, phases, madeAt }: Report, index: number): Markup | null {
  const phase = phases[index];
  const own = (steps ?? []).filter(({ startedAt }) => phaseIndexAt(phases, startedAt) === index);
  if (phase === undefined) return null;
  const from = Date.parse(phase.startedAt);
  const end = phase.durationMs === null ? Date.parse(madeAt) : from + phase.durationMs;
  if (own.length === 0) return null;
  const scale = linear(from, end);
  const lanes = byLane(own);
  const rows = [...lanes].slice(0, MOST_ROWS).map(([name, of]) =>
    row(
      markup`<span class="sub">${name}</span>`,
      lane(
        scale,
        of.map((step) => barOf(step, scale)),
      ),
    ),
  );
  return markup`<div class="steps">${axis(scale, markup`<small>since the phase began</small>`)}
    ${rows}${lanes.size > MOST_ROWS && markup`<p class="more">The JSON has the rest.</p>`}</div>`;
}

/** A lane per host; what concerns no single host has one by its own name. */
function byLane(steps: readonly ReportStep[]): Map<string, ReportStep[]> {
  const lanes = new Map<string, ReportStep[]>();
  for (const step of steps) {
    const name = step.host ?? step.what;
    const own = lanes.get(name);
    if (own) own.push(step);
    else lanes.set(name, [step]);
  }
  return lanes;
}

function barOf({ what, startedAt, durationMs, outcome, attempts }: ReportStep, scale: Scale) {
  const from = Date.parse(startedAt);
  const times = attempts > 1 ? `, ${String(attempts)} attempts` : '';
  const took = durationMs === null ? outcome : `${durationText(durationMs)}, ${outcome}`;
  return {
    from,
    to: Math.min(scale.to, durationMs === null ? scale.to : from + durationMs),
    look: `step-${outcome}`,
    title: `${what}: ${took}${times}`,
  };
}
