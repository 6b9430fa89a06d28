import type { Report } from '../../domain/report.js';
import { instant } from '../figures/value.js';
import { markup, type Markup, type Part } from '../markup.js';

/** Approvals, decisions and other orders: who, when, and for which plan or incident. */
export function saidSection({ approvals, decisions, orders }: Report): Markup {
  const rows = [
    ...approvals.map(({ gate, by, at, planHash, note }) => ({
      at,
      by,
      note,
      what: markup`approved gate <strong>${gate}</strong> <small>plan <code>${planHash.slice(0, 12)}</code></small>`,
    })),
    ...decisions.map(({ incident, action, by, at, note }) => ({
      at,
      by,
      note,
      what: markup`decided <strong>${action}</strong> for incident <a href="#incident-${incident}">${incident}</a>`,
    })),
    ...(orders ?? []).map(({ what, by, at, note }) => ({
      at,
      by,
      note: note ?? undefined,
      what: markup`ordered <strong>${what}</strong>`,
    })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const lines = rows.map(
    ({ at, by, note, what }) =>
      markup`<tr>
        <td>${instant(at)}</td>
        <td>${by}</td>
        <td>${what}${noteOf(note)}</td>
      </tr>
`,
  );
  return markup`<section id="said">
    <h2>Approvals and decisions</h2>
    ${
      rows.length === 0
        ? markup`<p>None.</p>`
        : markup`<div class="wide">
            <table>
              <thead>
                <tr>
                  <th>when</th>
                  <th>who</th>
                  <th>what</th>
                </tr>
              </thead>
              <tbody>
                ${lines}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function noteOf(note: string | undefined): Part {
  return note !== undefined && note !== '' && markup`<br /><q>${note}</q>`;
}
