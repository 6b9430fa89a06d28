import type { Milestone, MilestoneName } from '../../domain/report-window.js';
import type { Report, ReportWindow } from '../../domain/report.js';
import { fact } from '../figures/fact.js';
import { axis, lane, row } from '../figures/lane.js';
import { linear } from '../figures/scale.js';
import { duration, durationText, instant } from '../figures/value.js';
import { markup, type Markup, type Part } from '../markup.js';
import { agentsFigure } from './agents.js';
import { leaderRows, legend } from './leaders.js';

const NAMES: Readonly<Record<MilestoneName, string>> = {
  opened: 'opened',
  'leader-gone': 'old leader gone',
  'leader-elected': 'next leader elected',
  'leader-proved': 'leader proved',
  'point-of-no-return': 'point of no return',
  'last-agent': 'last agent back',
  'turn-back-point': 'turn-back point',
  'budget-end': 'end of the budget',
};

export function windowSection(report: Report): Markup {
  const { window } = report;
  return markup`<section id="window">
    <h2>Critical window</h2>
    ${window === null || window.openedAt === null ? markup`<p>It did not open.</p>` : null}
    ${window !== null && figures(window)}
    ${window !== null && window.openedAt !== null && timeline(window, window.openedAt)}
    ${window !== null && closeUp(report, window)}
  </section>`;
}

function figures(window: ReportWindow): Markup {
  const { budgetMs, forecastMs, leaderlessMs, coordinationMs, lastAgentMs } = window;
  return markup`<dl class="facts">
    ${fact('budget', [duration('window.budgetMs', budgetMs), because(window.budgetDerivation)])}
    ${fact('forecast', [duration('window.forecastMs', forecastMs), because(window.derivation)])}
    ${fact('without a leader', duration('window.leaderlessMs', leaderlessMs))}
    ${fact('until the new leader was proved', duration('window.coordinationMs', coordinationMs))}
    ${fact('until the last agent was back', duration('window.lastAgentMs', lastAgentMs))}
  </dl>`;
}

/** Each instant as its distance from the opening, against the whole budget. */
function timeline({ milestones }: ReportWindow, openedAt: string): Markup {
  const opened = Date.parse(openedAt);
  const end = Math.max(...milestones.map(({ afterMs }) => afterMs), 1);
  const scale = linear(opened, opened + end);
  const turnBack = milestones.find(({ name }) => name === 'turn-back-point');
  const marks = turnBack === undefined ? [] : [{ at: opened + turnBack.afterMs, look: 'turn-back' }];
  const rows = milestones.map((milestone, index) => {
    const { name, afterMs, by } = milestone;
    const bar = {
      from: opened,
      to: opened + afterMs,
      look: lookOf(milestone),
      title: `${NAMES[name]} after ${durationText(afterMs)}`,
    };
    const label = markup`${NAMES[name]}${by === 'watchers' && markup` <small>watched</small>`}`;
    return row(label, lane(scale, [bar], marks), duration(`window.milestones.${index}.afterMs`, afterMs));
  });
  return markup`<figure>
    <figcaption>
      Against the budget, since it opened at ${instant(openedAt)}${turnBack !== undefined && '; the line is the turn-back point'}
    </figcaption>
    ${rows}${axis(scale, '')}
  </figure>`;
}

function lookOf({ name }: Milestone): string {
  if (name === 'budget-end' || name === 'turn-back-point') return 'limit';
  return name === 'point-of-no-return' ? 'ponr' : 'reached';
}

/** Leaders and agents around the window, where they were watched. */
function closeUp({ seen }: Report, { milestones }: ReportWindow): Markup | null {
  const reached = milestones.filter(({ name }) => name !== 'turn-back-point' && name !== 'budget-end');
  if (seen === null || reached.length < 2) return null;
  const instants = reached.map(({ at }) => Date.parse(at));
  const [from, to] = [Math.min(...instants), Math.max(...instants)];
  const around = Math.max(500, (to - from) * 0.25);
  const scale = linear(from - around, to + around, from);
  return markup`<figure>
    <figcaption>From close by, since it opened: who led, whom the ensembles named, agents registered</figcaption>
    ${legend(seen)}${leaderRows(seen, scale)}${agentsFigure(seen, scale)}${axis(scale, '')}
  </figure>`;
}

function because(derivation: string | null): Part {
  return derivation !== null && markup` <small>${derivation}</small>`;
}
