import type { Report, ReportVerdicts } from '../../domain/report.js';
import { fact } from '../figures/fact.js';
import { count, duration } from '../figures/value.js';
import { markup, type Markup, type Part } from '../markup.js';

/** What independent watchers judged; nothing the workflow says of itself counts here. */
export function verdictsSection({ verdicts, strategy }: Report): Markup {
  return markup`<section id="verdicts">
    <h2>Verdicts</h2>
    ${verdicts === null ? NOBODY : judged(verdicts, strategy)}
  </section>`;
}

const NOBODY = markup`<p class="banner none">
  <strong>Nobody watched.</strong> No watcher outside the workflow recorded this migration, so nothing on this page is a
  verdict: the rest is the workflow’s own account.
</p>`;

function judged(verdicts: ReportVerdicts, strategy: string): Markup {
  const { passed, proved, reasons } = verdicts;
  const sentence = passed ? 'Every promise held.' : proved ? 'Not passed.' : 'Not proved, so not passed.';
  const because = reasons.map((reason) => markup`<li>${reason}</li>`);
  return markup`<p class="banner ${passed ? 'good' : 'bad'}">
      <strong>${sentence}</strong> Judged by watchers outside the workflow.
    </p>
    ${
      reasons.length > 0 &&
      markup`<ul class="reasons">
        ${because}
      </ul>`
    }
    <dl class="facts">
      ${fact('leaders at once, at most', count('verdicts.leadersAtOnceMax', verdicts.leadersAtOnceMax))}
      ${fact('time with more than one leader', duration('verdicts.overlapMs', verdicts.overlapMs))}
      ${lost('agents', 'verdicts.agentsLost', verdicts.agentsLost)}
      ${lost('tasks', 'verdicts.tasksLost', verdicts.tasksLost)}
      ${lost('frameworks', 'verdicts.frameworksLost', verdicts.frameworksLost)}
      ${fact('ghost, longest', duration('verdicts.ghostMs', verdicts.ghostMs), 'a znode that named a master which did not lead')}
      ${strategy === 'dual-publishing' && publishing(verdicts)}
      ${fact('samples', count('verdicts.samples', verdicts.samples))}
      ${fact('largest gap between two', duration('verdicts.largestGapMs', verdicts.largestGapMs), 'over 300 ms nothing is proved')}
    </dl>`;
}

function lost(what: string, field: string, names: readonly string[]): Markup {
  return fact(`${what} lost`, [count(`${field}.length`, names.length), names.length > 0 && ` (${names.join(', ')})`]);
}

function publishing({ wrongLeaderMs, mirrorDelay }: ReportVerdicts): Part {
  const delay = (key: 'p50Ms' | 'p99Ms' | 'maxMs') =>
    duration(`verdicts.mirrorDelay.${key}`, mirrorDelay === null ? null : mirrorDelay[key]);
  return [
    fact('wrong leader in target, longest', duration('verdicts.wrongLeaderMs', wrongLeaderMs)),
    mirrorDelay === null
      ? fact('mirror delay', 'nothing was published')
      : fact('mirror delay', [
          'half of them within ',
          delay('p50Ms'),
          ', 99 % within ',
          delay('p99Ms'),
          ', all within ',
          delay('maxMs'),
          ', of ',
          count('verdicts.mirrorDelay.changes', mirrorDelay.changes),
          ' changes',
        ]),
  ];
}
