import { foundBugs } from './found-bugs.js';
import type { RunRecord } from './run-record.js';
import { type CrashRecord, crashesSection } from './crash-record.js';
import { quantiles, tally } from './summary.js';
import { row } from './table.js';

const INTRODUCTION = `<!-- Made by npm run docs from the records in test/long and lab/campaign/found-bugs.ts. Do not edit. -->

# Reliability, measured

A campaign migrates real labs (ZooKeeper servers, Temporal, SSH, the miniature Mesos) while faults hit them, and judges
each run by watchers outside the workflow. Every figure here is counted from the record that is kept beside the tests;
\`npm run campaign -- --seed S --only RUN\` plays a run again, at the commit that its line names: what is drawn changes with the faults there are.

Overlap is counted beyond what the same fault causes in a control run without a migration; losses beyond what a fault
declares that it destroys by itself (a rebooted host kills its tasks). A run whose samples leave a gap of more than 300 ms
proves nothing and is counted as *not proved*, never as passed.
`;

/** docs/reliability.md, from what campaigns and crashes in the window have recorded. */
export function reliabilityPage(records: readonly RunRecord[], crashes: readonly CrashRecord[]): string {
  return [INTRODUCTION, figures(records), faults(records), runs(records), crashesSection(crashes), bugs()].join('\n');
}

function figures(records: readonly RunRecord[]): string {
  const seen = records.flatMap(({ verdicts }) => (verdicts === null ? [] : [verdicts]));
  const opened = records.filter(({ window }) => (window?.openedAt ?? null) !== null);
  const judged = opened.filter(({ cutOffBy }) => cutOffBy === null);
  const kept = judged.filter(({ window, longestLeaderlessMs }) => longestLeaderlessMs <= (window?.budgetMs ?? 0));
  const beyond = records.map(({ verdicts, nativeOverlapMs }) =>
    Math.max(0, (verdicts?.overlapMs ?? 0) - (nativeOverlapMs ?? 0)),
  );
  const rows: readonly (readonly [string, string])[] = [
    ['machine', list(records.flatMap(({ machine }) => (machine === undefined ? [] : [machine])))],
    [
      'commits',
      list(records.map(({ commit }) => `\`${commit.slice(0, 12)}${commit.endsWith('-dirty') ? '-dirty' : ''}\``)),
    ],
    ['seeds', list(records.map(({ seed }) => String(seed)))],
    ['runs', `${records.length}: ${tally(records.map(({ judgement }) => judgement))}`],
    ['strategies', tally(records.map(({ scenario }) => scenario.strategy))],
    ['ends', tally(records.map(({ end }) => end))],
    ['faults put', String(records.flatMap(({ faults: put }) => put.filter(({ hit }) => hit !== null)).length)],
    ['samples of who leads', String(sum(seen.map(({ samples }) => samples)))],
    [
      'samples with two leaders',
      `${seen.filter(({ leadersAtOnceMax }) => leadersAtOnceMax > 1).length} runs, ${Math.round(sum(beyond))} ms beyond the native overlap`,
    ],
    ['agents lost', String(sum(seen.map(({ agentsLost }) => agentsLost.length)))],
    ['tasks lost', String(sum(seen.map(({ tasksLost }) => tasksLost.length)))],
    ['frameworks lost', String(sum(seen.map(({ frameworksLost }) => frameworksLost.length)))],
    [
      'windows opened',
      `${opened.length}, of which ${opened.length - judged.length} were cut off from their budget by the fault itself`,
    ],
    ['leaderless in the window', quantiles(seen.map(({ leaderlessMs }) => leaderlessMs))],
    ['coordination', quantiles(seen.map(({ coordinationMs }) => coordinationMs))],
    ['last agent back', quantiles(seen.map(({ lastAgentMs }) => lastAgentMs))],
    [
      'budget kept',
      judged.length === 0
        ? 'never measured'
        : `${kept.length} of ${judged.length} (${Math.round((100 * kept.length) / judged.length)} %)`,
    ],
  ];
  return ['## Figures', '', '| what | measured |', '| --- | --- |', ...rows.map(row), ''].join('\n');
}

function faults(records: readonly RunRecord[]): string {
  const kinds = new Map<string, { phases: string[]; ends: string[] }>();
  for (const { faults: put, end } of records) {
    for (const { kind, hit } of put) {
      if (hit === null) continue;
      const known = kinds.get(kind) ?? { phases: [], ends: [] };
      kinds.set(kind, known);
      known.phases.push(hit.inWindow ? 'the window' : hit.phase);
      known.ends.push(end);
    }
  }
  const rows = [...kinds]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, { phases, ends }]) => row([`\`${kind}\``, String(phases.length), tally(phases), tally(ends)]));
  return [
    '## Faults',
    '',
    '| fault | times | hit in | its runs ended |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function runs(records: readonly RunRecord[]): string {
  const bad = records.filter(({ judgement }) => judgement !== 'passed');
  if (bad.length === 0) return '## Runs that did not pass\n\nNone.\n';
  const rows = bad.map(({ seed, run, commit, judgement, end, reasons }) =>
    row([
      `seed ${seed}, run ${run}`,
      `\`${commit.slice(0, 12)}\``,
      judgement,
      end,
      (reasons[0] ?? '').replace(/\s+/g, ' ').slice(0, 200),
    ]),
  );
  return [
    '## Runs that did not pass',
    '',
    '| run | commit | judged | end | why |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function bugs(): string {
  const rows = foundBugs.map(({ symptom, foundBy, test }) => row([symptom, foundBy, `\`${test}\``]));
  const head = ['## Bugs that campaigns, the model and attacks on the safety rules have found', ''];
  return [...head, '| what happened | found by | test that owns it |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function list(words: readonly string[]): string {
  return [...new Set(words)].join(', ') || 'not recorded';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
