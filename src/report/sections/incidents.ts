import type { Report } from '../../domain/report.js';
import type { Incident } from '../../domain/status.js';
import { instant } from '../figures/value.js';
import { markup, type Markup } from '../markup.js';

export function incidentsSection({ incidents }: Report): Markup {
  return markup`<section id="incidents">
    <h2>Incidents</h2>
    ${incidents.length === 0 ? markup`<p>None.</p>` : incidents.map(incidentArticle)}
  </section>`;
}

function incidentArticle({ id, phase, code, host, message, remedy, openedAt, closedAt }: Incident): Markup {
  return markup`<article class="incident ${closedAt === null ? 'open' : ''}" id="incident-${id}">
    <h3>${id} <code>${code}</code>${host !== null && ` on ${host}`} <small>in ${phase}</small></h3>
    <p>${message}</p>
    <p><strong>Remedy:</strong> ${remedy}</p>
    <p>
      <small>opened ${instant(openedAt)}, ${closedAt === null ? 'still open' : markup`closed ${instant(closedAt)}`}</small>
    </p>
  </article>
`;
}
