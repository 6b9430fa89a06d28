import { createHash } from 'node:crypto';
import type { Report } from '../domain/report.js';
import { markup, Markup } from './markup.js';
import { agentsSection } from './sections/agents.js';
import { incidentsSection } from './sections/incidents.js';
import { leadersSection } from './sections/leaders.js';
import { outcomeSection } from './sections/outcome.js';
import { phasesSection } from './sections/phases.js';
import { remainsSection } from './sections/remains.js';
import { saidSection } from './sections/said.js';
import { verdictsSection } from './sections/verdicts.js';
import { windowSection } from './sections/window.js';
import { STYLE } from './style.js';
import { instant } from './figures/value.js';

/**
 * The report as one HTML page that needs nothing else: no script, no request, and a policy that lets a browser do
 * neither. It shows what `report` holds and nothing else.
 */
export function reportPage(report: Report): string {
  const { cluster, strategy, madeAt } = report;
  // The style is ours alone, and its hash is what the policy allows: one that came with a name would do nothing.
  const allowed = createHash('sha256').update(STYLE).digest('base64');
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'sha256-${new Markup(allowed)}'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="zkferry" />
        <title>Migration of ${cluster}</title>
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <main>
          <header>
            <h1>Migration of ${cluster}</h1>
            <p>${strategy}; report made ${instant(madeAt)}. All times are UTC.</p>
          </header>
          ${verdictsSection(report)} ${outcomeSection(report)} ${windowSection(report)} ${leadersSection(report)}
          ${agentsSection(report)} ${phasesSection(report)} ${saidSection(report)} ${incidentsSection(report)}
          ${remainsSection(report)}
        </main>
      </body>
    </html>
`.toString();
}
