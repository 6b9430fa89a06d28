import type { Report } from '../../domain/report.js';
import type { LeaderStretch, LeaderView, WatchedSeries } from '../../domain/watched.js';
import { axis, lane, row } from '../figures/lane.js';
import { runScale } from '../figures/run-scale.js';
import type { Scale } from '../figures/scale.js';
import { duration, durationText, instant } from '../figures/value.js';
import { markup, type Markup } from '../markup.js';

const VIEWS: Readonly<Record<LeaderView, string>> = {
  leads: 'led, by its own journal',
  source: 'named in source',
  observers: 'named by observers',
  target: 'named in target',
};

/** Who led and whom each ensemble named, from the watchers' samples. */
export function leadersSection(report: Report): Markup {
  const { seen } = report;
  if (seen === null) {
    return markup`<section id="leaders">
      <h2>Leaders over time</h2>
      <p>Nobody watched.</p>
    </section>`;
  }
  const { scale } = runScale(report);
  const stretches = seen.leaders.map(
    (stretch, index) =>
      markup`<tr>
        <td>${VIEWS[stretch.view]}</td>
        <td>${stretch.master}</td>
        <td>${instant(stretch.from)}</td>
        <td>${instant(stretch.to)}</td>
        <td class="number">${duration(`seen.leaders.${index}.durationMs`, stretch.durationMs)}</td>
      </tr>
`,
  );
  return markup`<section id="leaders">
    <h2>Leaders over time</h2>
    <figure>
      <figcaption>The whole run</figcaption>
      ${legend(seen)}${leaderRows(seen, scale)}${axis(scale, '')}
    </figure>
    <details>
      <summary>The same as a table</summary>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>view</th>
              <th>master</th>
              <th>from</th>
              <th>to</th>
              <th>for</th>
            </tr>
          </thead>
          <tbody>
            ${stretches}
          </tbody>
        </table>
      </div>
    </details>
  </section>`;
}

/** One row a view; views in which nobody was ever seen are left out, but for both ensembles. */
export function leaderRows({ leaders }: WatchedSeries, scale: Scale): Markup[] {
  const masters = mastersOf(leaders);
  return (['leads', 'source', 'observers', 'target'] as const).flatMap((view) => {
    const own = leaders.filter((stretch) => stretch.view === view);
    if (own.length === 0 && view === 'observers') return [];
    const bars = own
      .map((stretch) => ({ ...stretch, begin: Date.parse(stretch.from), end: Date.parse(stretch.to) }))
      .filter(({ begin, end }) => end >= scale.from && begin <= scale.to)
      .map(({ master, begin, end, durationMs }) => ({
        from: Math.max(begin, scale.from),
        to: Math.min(end, scale.to),
        look: lookOf(masters, master),
        title: `${master} for ${durationText(durationMs)}`,
      }));
    return [row(VIEWS[view], lane(scale, bars))];
  });
}

/** Which colour is whose. */
export function legend({ leaders }: WatchedSeries): Markup {
  const masters = mastersOf(leaders);
  const entries = masters.map(
    (master) =>
      markup`<li>
        <svg width="12" height="12" aria-hidden="true">
          <rect class="${lookOf(masters, master)}" width="12" height="12" />
        </svg>
        ${master}
      </li>`,
  );
  return markup`<ul class="legend">
    ${entries}
  </ul>`;
}

const COLOURS = 8;

function lookOf(masters: readonly string[], master: string): string {
  return `m${masters.indexOf(master) % COLOURS}`;
}

function mastersOf(leaders: readonly LeaderStretch[]): string[] {
  return [...new Set(leaders.map(({ master }) => master))].sort();
}
