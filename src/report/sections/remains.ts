import type { Report } from '../../domain/report.js';
import { markup, type Markup } from '../markup.js';

/** The plan's hash, and what is left of the migration on hosts and ensembles. */
export function remainsSection(report: Report): Markup {
  const { planHash } = report;
  return markup`<section id="plan">
      <h2>Plan</h2>
      <p>${planHash === null ? 'No plan was made.' : markup`sha256 <code class="hash">${planHash}</code>`}</p>
    </section>
    <section id="residue">
      <h2>What is left</h2>
      ${left(report)}
    </section>`;
}

function left({ residue, approvals, endedAt }: Report): Markup {
  if (residue === null) {
    const yet = endedAt === null ? ' yet' : '';
    return markup`<p>It has not cleaned up${yet}; <code>zkferry doctor cluster.yaml</code> says what stands where.</p>`;
  }
  if (residue.length > 0) return markup`<ul>${residue.map((one) => markup`<li>${one}</li>`)}</ul>`;
  return approvals.some(({ gate }) => gate === 'begin')
    ? markup`<p>Cleaned up; nothing was named that is left on a host or an ensemble.</p>`
    : markup`<p>Nothing: gate begin was not approved, so this migration has written nothing.</p>`;
}
