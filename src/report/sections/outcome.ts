import type { Report } from '../../domain/report.js';
import { fact } from '../figures/fact.js';
import { duration, instant } from '../figures/value.js';
import { markup, type Markup } from '../markup.js';

const SENTENCES: Readonly<Record<Report['outcome'], string>> = {
  running: 'It is under way.',
  'awaiting-approval': 'It waits for an approval.',
  paused: 'It is paused.',
  'awaiting-decision': 'It waits for a decision.',
  'rolling-back': 'It is going back to source.',
  migrated: 'The cluster is on target.',
  'rolled-back': 'The cluster is back on source.',
  cancelled: 'It was cancelled before it had written anything.',
  stranded: 'It was given up half-way: neither done nor undone.',
};

export function outcomeSection(report: Report): Markup {
  const { outcome, run, startedAt, endedAt, rollback, waitingFor } = report;
  const isCutOff = wasCutOff(report);
  return markup`<section id="outcome">
    <h2>Outcome</h2>
    <p class="banner ${lookOf(outcome, isCutOff)}">
      <strong>${isCutOff ? `${run?.closed ?? ''} while ${outcome}` : outcome}</strong>
      ${isCutOff ? 'It was cut off: nothing was undone, and nobody goes on.' : SENTENCES[outcome]}
    </p>
    ${(isCutOff || outcome === 'stranded') && doctor(report)} ${waitingFor !== null && !isCutOff && waits(waitingFor)}
    <dl class="facts">
      ${fact('began', instant(startedAt))}
      ${endedAt === null ? fact('report made', instant(report.madeAt)) : fact('ended', instant(endedAt))}
      ${fact(endedAt === null ? 'so far' : 'took', duration('durationMs', report.durationMs))}
      ${rollback.possible && fact('going back', [rollback.cost, rollback.estimateMs !== null && [', about ', duration('rollback.estimateMs', rollback.estimateMs)]])}
      ${run !== null && fact('workflow', markup`<code>${run.workflowId}</code>, run <code>${run.runId}</code>`)}
    </dl>
  </section>`;
}

export function wasCutOff({ run }: Report): boolean {
  return run !== null && !['running', 'completed', 'canceled'].includes(run.closed);
}

function lookOf(outcome: Report['outcome'], isCutOff: boolean): string {
  if (isCutOff || outcome === 'stranded') return 'bad';
  return outcome === 'migrated' ? 'good' : 'none';
}

function doctor({ run }: Report): Markup {
  const taken = run === null ? 'MIGRATION' : `${run.workflowId}/${run.runId}`;
  return markup`<p>What stands where, and how to go back:</p>
    <pre>
zkferry doctor cluster.yaml
zkferry start cluster.yaml --take-over ${taken}</pre>`;
}

function waits({ what, since, next }: NonNullable<Report['waitingFor']>): Markup {
  return markup`<p>It waits since ${instant(since)} for ${what}. Next:</p>
    <pre>${next}</pre>`;
}
