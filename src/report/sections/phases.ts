import type { Report, ReportPhase } from '../../domain/report.js';
import { phaseIndexAt } from '../../domain/trace.js';
import { axis, lane, row } from '../figures/lane.js';
import { runScale } from '../figures/run-scale.js';
import type { Scale } from '../figures/scale.js';
import { count, duration, durationText } from '../figures/value.js';
import { markup, type Markup } from '../markup.js';
import { stepsOfPhase } from './steps.js';

/** Phases and batches against time; inside each phase, what was done on which host. */
export function phasesSection(report: Report): Markup {
  const { phases, steps } = report;
  const { scale, shortened } = runScale(report);
  const rows = phases.map((phase, index) => [
    withSteps(phaseRow(phase, index, scale), stepsOfPhase(report, index)),
    batchRows(report, index, scale),
  ]);
  return markup`<section id="phases">
    <h2>Phases and batches</h2>
    <figure>
      <figcaption>
        Since the begin; each phase opens to its steps${shortened.length > 0 && `; drawn shorter than they were: ${shortened.join(', ')}`}
      </figcaption>
      ${axis(scale, '')}${rows}
    </figure>
    ${steps === null && markup`<p>The workflow’s history was not read: steps and batches are not known.</p>`}
    ${report.unread.length > 0 && markup`<p>Steps of these child workflows are missing, their history could not be read: ${report.unread.join(', ')}.</p>`}
  </section>`;
}

function phaseRow({ name, startedAt, durationMs, outcome }: ReportPhase, index: number, scale: Scale): Markup {
  const from = Date.parse(startedAt);
  const to = durationMs === null ? scale.to : from + durationMs;
  const title = `${name}: ${outcome}${durationMs === null ? '' : `, ${durationText(durationMs)}`}`;
  const tag = outcome !== 'done' && markup` <small class="tag">${outcome}</small>`;
  return row(
    markup`${name}${tag}`,
    lane(scale, [{ from, to, look: name.startsWith('gate ') ? 'gate' : `phase-${outcome}`, title }]),
    durationMs === null ? 'goes on' : duration(`phases.${index}.durationMs`, durationMs),
  );
}

/** The row of a phase opens what was done in it. */
function withSteps(phase: Markup, steps: Markup | null): Markup {
  if (steps === null) return phase;
  return markup`<details class="phase"><summary>${phase}</summary>${steps}</details>\n`;
}

/** Phases may come twice, so their place tells them, not their name. Fleets of thousands have hundreds of batches: the first ones are drawn, the JSON has all. */
const MOST = 40;

function batchRows({ batches, phases }: Report, phase: number, scale: Scale): Markup | null {
  const own = (batches ?? [])
    .map((batch, index) => ({ ...batch, index }))
    .filter(({ startedAt }) => phaseIndexAt(phases, startedAt) === phase);
  if (own.length === 0) return null;
  const rows = own.slice(0, MOST).map(({ startedAt, durationMs, hosts, failed, index }, nth) => {
    const from = Date.parse(startedAt);
    const bar = {
      from,
      to: durationMs === null ? scale.to : from + durationMs,
      look: failed > 0 ? 'phase-failed' : 'batch',
      title: `batch ${nth + 1}: ${hosts.join(', ')}`,
    };
    const label = markup`<span class="sub">batch ${nth + 1}: ${count(`batches.${index}.hosts.length`, hosts.length)}
      ${hosts.length === 1 ? 'agent' : 'agents'}${failed > 0 && markup`, ${count(`batches.${index}.failed`, failed)} failed`}</span>`;
    return row(label, lane(scale, [bar]), duration(`batches.${index}.durationMs`, durationMs));
  });
  return markup`${rows}${own.length > MOST && markup`<p class="more">The JSON has ${count(`batches.length`, (batches ?? []).length)} batches.</p>`}`;
}
