import type { Report } from '../../domain/report.js';
import type { WatchedSeries } from '../../domain/watched.js';
import { axis, row } from '../figures/lane.js';
import { runScale } from '../figures/run-scale.js';
import type { Scale } from '../figures/scale.js';
import { count, instant } from '../figures/value.js';
import { markup, type Markup } from '../markup.js';

/** Agents registered with the leading master, from the watchers' census. */
export function agentsSection(report: Report): Markup {
  const { seen } = report;
  if (seen === null) {
    return markup`<section id="agents">
      <h2>Agents registered over time</h2>
      <p>Nobody watched.</p>
    </section>`;
  }
  const { scale } = runScale(report);
  const changes = seen.agents.map(
    ({ at, registered }, index) =>
      markup`<tr>
        <td>${instant(at)}</td>
        <td class="number">${count(`seen.agents.${index}.registered`, registered)}</td>
      </tr>
`,
  );
  return markup`<section id="agents">
    <h2>Agents registered over time</h2>
    <figure>
      <figcaption>With the leading master, counted once a second; none while nobody leads</figcaption>
      ${agentsFigure(seen, scale)}${axis(scale, '')}
    </figure>
    <details>
      <summary>The same as a table</summary>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>since</th>
              <th>registered</th>
            </tr>
          </thead>
          <tbody>
            ${changes}
          </tbody>
        </table>
      </div>
    </details>
  </section>`;
}

const HEIGHT = 64;

/** Steps: each count stands until the next. */
export function agentsFigure({ agents, to }: WatchedSeries, scale: Scale): Markup {
  const most = Math.max(1, ...agents.map(({ registered }) => registered));
  const steps = agents.flatMap(({ at, registered }, index) => {
    const from = Math.max(Date.parse(at), scale.from);
    const until = Math.min(Date.parse(agents[index + 1]?.at ?? to), scale.to);
    if (until <= from) return [];
    const height = Math.round((registered / most) * (HEIGHT - 2) * 10) / 10;
    const width = Math.round((scale.at(until) - scale.at(from)) * 1_000) / 1_000;
    return [
      markup`<rect class="agents" x="${scale.at(from)}%" y="${HEIGHT - height}" width="${width}%" height="${height}"><title>${registered} from ${at}</title></rect>`,
    ];
  });
  const drawn = markup`<svg
    class="lane"
    width="100%"
    height="${HEIGHT}"
    role="img"
    aria-label="agents registered over time, at most ${most}">
    <rect class="track" width="100%" height="${HEIGHT}" />
    ${steps}
  </svg>`;
  const at = agents.findIndex(({ registered }) => registered === most);
  return row(
    markup`agents registered${at >= 0 && markup` <small>at most ${count(`seen.agents.${at}.registered`, most)}</small>`}`,
    drawn,
  );
}
