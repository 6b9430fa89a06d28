import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { split } from '../../lab/watched.js';
import { reportJsonSchema, reportSchema } from '../../src/cli/schemas/report.js';
import { type Report, reportOf } from '../../src/domain/report.js';
import { durationText } from '../../src/report/figures/value.js';
import { reportPage } from '../../src/report/page.js';
import { recorded, recordedReport, watchedReports } from '../fakes/recorded-reports.js';
import { status, verdicts } from '../fakes/reports.js';
import { shownFigures, skeleton, valueAt, withEveryText } from '../fakes/report-html.js';

const bare = (changes: Partial<Report> = {}): Report => ({
  ...reportOf(status, { madeAt: '2026-01-01T00:00:04.000Z' }),
  ...changes,
});

describe('the report of a migration, as a page', () => {
  const reports: { name: string; report: Report }[] = [];
  before(async () => {
    for (const name of recorded) reports.push({ name, report: await recordedReport(name) });
    reports.push(...watchedReports());
    const watched = { ...split(verdicts), seen: null };
    const dual = { ...status, strategy: 'dual-publishing' };
    reports.push({
      name: 'verdicts of dual publishing',
      report: reportOf(dual, { madeAt: '2026-01-01T00:00:04.000Z', watched }),
    });
  });

  it('is as its JSON schema says, of every recorded migration, with no field that the schema does not know', () => {
    const ajv = () => new Ajv2020({ allErrors: true, formats: { 'date-time': true } });
    const published = ajv().compile(reportJsonSchema() as object);
    const strict = ajv().compile(z.toJSONSchema(reportSchema, { io: 'output' }));
    for (const { name, report } of reports) {
      const value: unknown = JSON.parse(JSON.stringify(report));
      assert.ok(published(value), `${name}: ${JSON.stringify(published.errors)}`);
      assert.ok(strict(value), `${name}: ${JSON.stringify(strict.errors)}`);
    }
    assert.equal(published({ ...reports[0]?.report, outcome: 'fine' }), false);
  });

  it('shows figures that equal those of the JSON, and all of verdicts, window and phases', () => {
    for (const { name, report } of reports) {
      const shown = shownFigures(reportPage(report));
      for (const { field, value, text } of shown) {
        const own = valueAt(report, field);
        assert.equal(Number(value), own, `${name}: ${field}`);
        const asText = /Ms$/.test(field) ? durationText(Number(own)) : Number(own).toLocaleString('en-US');
        assert.equal(text, asText, `${name}: ${field}`);
      }
      const fields = new Set(shown.map(({ field }) => field));
      const { window, phases } = report;
      const due = [
        ...numbersIn(report.verdicts, 'verdicts'),
        ...numbersIn(window, 'window'),
        ...numbersIn(phases, 'phases'),
      ];
      const missing = due.filter((field) => !fields.has(field) && !/wrongLeaderMs/.test(field));
      assert.deepEqual(missing, [], name);
      if (report.strategy === 'dual-publishing' && report.verdicts !== null)
        assert.ok(fields.has('verdicts.wrongLeaderMs'));
    }
  });

  it('draws each instant of the window at its share of the budget', () => {
    for (const { name, report } of reports) {
      const { window } = report;
      if (window === null || window.milestones.length === 0) continue;
      const longest = Math.max(...window.milestones.map(({ afterMs }) => afterMs));
      const [figure = ''] = /<figure>[^]*?<\/figure>/.exec(reportPage(report).split('id="window"')[1] ?? '') ?? [];
      const widths = [...figure.matchAll(/width="([\d.]+)%" height="14"/g)].map(([, percent]) => Number(percent));
      assert.deepEqual(
        widths.map((percent) => percent.toFixed(1)),
        window.milestones.map(({ afterMs }) => ((afterMs / longest) * 100).toFixed(1)),
        name,
      );
    }
  });

  it('keeps names, notes and messages from being anything but text, wherever they come from', () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>' onload='x' </style></title>\`\${1}&lt;\u202e`;
    for (const { name, report } of reports) {
      const [tame, wild] = ['tame', hostile].map((text) => reportPage(withEveryText(report, text)));
      assert.equal(skeleton(wild ?? ''), skeleton(tame ?? ''), name);
      assert.doesNotMatch(wild ?? '', /<script|<img|\u202e/);
    }
  });

  it('asks for nothing: no script, no link to elsewhere, no handler, no style of another', () => {
    for (const { report } of reports) {
      const page = reportPage(report);
      assert.doesNotMatch(
        page,
        /<(script|link|img|iframe|object|embed|form|base)\b|\son\w+=|\sstyle=|url\(|@import|https?:/i,
      );
      assert.match(page, /default-src 'none'; style-src 'sha256-[\w+/=]+'/);
    }
  });

  it('has the verdicts first, then outcome, window, leaders, agents, phases, what was said, incidents, plan and rest', () => {
    const order = [...reportPage(bare()).matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id);
    assert.deepEqual(order, [
      'verdicts',
      'outcome',
      'window',
      'leaders',
      'agents',
      'phases',
      'said',
      'incidents',
      'plan',
      'residue',
    ]);
  });

  it('says plainly that nobody watched', () => {
    assert.match(reportPage(bare()), /<strong>Nobody watched\.<\/strong>/);
  });

  it('shows why a running migration waits and what to type next, and no end', () => {
    const page = reportPage(
      bare({
        outcome: 'awaiting-approval',
        waitingFor: { what: 'gate begin', since: '2026-01-01T00:00:03.000Z', next: 'zkferry approve c --gate begin' },
        endedAt: null,
        residue: null,
      }),
    );
    assert.match(page, /waits since [^]*for gate begin[^]*<pre>zkferry approve c --gate begin<\/pre>/);
    assert.match(page, /<dt>so far<\/dt>/);
    assert.match(page, /has not cleaned up yet/);
  });

  it('sends the operator of a terminated or stranded one to doctor and a take-over', () => {
    const run = { workflowId: 'zkferry-c', runId: 'r1', closedAt: '2026-01-01T00:00:05.000Z' };
    const approvals = [{ gate: 'begin' as const, by: 'ann', planHash: 'h', at: '2026-01-01T00:00:03.000Z' }];
    const ended = (state: 'running' | 'stranded', closed: 'terminated' | 'completed') =>
      reportPage(reportOf({ ...status, state, approvals }, { madeAt: run.closedAt, run: { ...run, closed } }));
    const terminated = ended('running', 'terminated');
    assert.match(terminated, /<strong>terminated while running<\/strong>/);
    const stranded = ended('stranded', 'completed');
    for (const page of [terminated, stranded]) {
      assert.match(page, /zkferry doctor cluster\.yaml\n[^]*--take-over zkferry-c\/r1/);
      assert.doesNotMatch(page, /cleaned up yet/);
    }
  });

  it('knows that nothing is left where nothing was approved, and names what a clean-up could not remove', () => {
    const begun = { gate: 'begin' as const, by: 'ann', planHash: 'h', at: '2026-01-01T00:00:03.000Z' };
    const residue = {
      ...{ id: 'i1', phase: 'clean-up', code: 'FERRY_RESIDUE', host: 'm1', remedy: 'Remove it by hand' },
      ...{ message: 'a drop-in on m1', openedAt: begun.at, closedAt: begun.at },
    };
    const madeAt = '2026-01-01T00:00:04.000Z';
    const leftOf = (changes: Partial<typeof status>) =>
      reportOf({ ...status, state: 'rolled-back', ...changes }, { madeAt });
    assert.match(reportPage(leftOf({})), /Nothing: gate begin was not approved/);
    const named = leftOf({ approvals: [begun], incidents: [residue] });
    assert.deepEqual(named.residue, ['a drop-in on m1']);
    assert.match(reportPage(named), /<li>a drop-in on m1<\/li>/);
    assert.match(reportPage(leftOf({ approvals: [begun] })), /It has not cleaned up[^]*zkferry doctor/);
  });

  it('draws hours at a gate shorter than they were, and says so', () => {
    const day = {
      ...status,
      timeline: [
        {
          phase: 'preflight',
          startedAt: '2026-01-01T00:00:00.000Z',
          endedAt: '2026-01-01T00:01:00.000Z',
          outcome: 'done' as const,
        },
        {
          phase: 'gate begin',
          startedAt: '2026-01-01T00:01:00.000Z',
          endedAt: '2026-01-01T09:01:00.000Z',
          outcome: 'done' as const,
        },
        {
          phase: 'soak',
          startedAt: '2026-01-01T09:01:00.000Z',
          endedAt: '2026-01-01T09:02:00.000Z',
          outcome: 'done' as const,
        },
      ],
    };
    const page = reportPage(reportOf(day, { madeAt: '2026-01-01T09:02:00.000Z' }));
    assert.match(page, /drawn shorter than they were: gate begin/);
    const soak = />soak<[^]*?<rect class="phase-done" x="([\d.]+)%"/.exec(page);
    assert.ok(Number(soak?.[1]) < 65, soak?.[1]);
  });
});

function numbersIn(value: unknown, path: string): string[] {
  if (typeof value === 'number') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersIn(inner, `${path}.${key}`));
}
