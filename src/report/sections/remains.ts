import type { Report } from '../../domain/report.js';
import { markup, type Markup } from '../markup.js';
import { wasCutOff } from './outcome.js';

/** The plan's hash, and what is left of the migration on hosts and ensembles. */
export function remainsSection(report: Report): Markup {
  const { planHash, residue } = report;
  return markup`<section id="plan">
      <h2>Plan</h2>
      <p>${planHash === null ? 'No plan was made.' : markup`sha256 <code class="hash">${planHash}</code>`}</p>
    </section>
    <section id="residue">
      <h2>What is left</h2>
      ${
        residue === null
          ? unknown(report)
          : residue.length === 0
            ? markup`<p>Cleaned up; nothing was named that is left on a host or an ensemble.</p>`
            : markup`<ul>
                ${residue.map((one) => markup`<li>${one}</li>`)}
              </ul>`
      }
    </section>`;
}

function unknown(report: Report): Markup {
  const why =
    wasCutOff(report) || report.outcome === 'stranded' ? 'It has not cleaned up' : 'It has not cleaned up yet';
  return markup`<p>${why}; <code>zkferry doctor cluster.yaml</code> says what stands where.</p>`;
}
