import { WorkflowUpdateFailedError } from '@temporalio/client';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unapproved } from '../../lab/campaign/gates.js';
import { judgeRun, type RunToJudge } from '../../lab/campaign/judge-run.js';
import { Operator } from '../../lab/campaign/operator.js';
import { approvedTwice } from '../../lab/faults/operator-faults.js';
import type { FaultScene } from '../../lab/faults/fault.js';
import type { GivenApproval, Migration } from '../../lab/stage/migration.js';
import type { Approval, GateName, MigrationStatus, WindowStatus } from '../../src/domain/status.js';
import { aStatus } from '../fakes/a-status.js';
import { exits, says } from '../fakes/judge-records.js';

const planHash = 'h';
const given = (gate: GateName, at: number, by = 'ann'): GivenApproval => ({ gate, by, planHash, at });
const iso = (at: number) => new Date(at).toISOString();
const shown = (gate: GateName, at: number, by = 'ann') => ({ gate, by, planHash, at: iso(at) });
const phase = (name: string, at: number) =>
  ({ phase: name, startedAt: iso(at), endedAt: iso(at), outcome: 'done' }) as const;
const window: WindowStatus = {
  budgetMs: 75_000,
  forecastMs: null,
  derivation: null,
  openedAt: iso(2_500),
  turnBackAt: null,
  pointOfNoReturnAt: null,
  leaderlessMs: null,
  coordinationMs: null,
  lastAgentMs: null,
};

/** Approved at 1, 2 and 3 s, each time a tenth of a second after it was sent. */
const migrated = aStatus({
  state: 'migrated',
  planHash,
  window,
  approvals: [shown('begin', 1_100), shown('cut-over', 2_100), shown('complete', 3_100)],
  timeline: [phase('preflight', 0), phase('gate begin', 500), phase('move-agents', 1_200)],
});
const all = [given('begin', 1_000), given('cut-over', 2_000), given('complete', 3_000)];

describe('the gates of a campaign run', () => {
  it('were passed as promised when each was approved before what it guards', () => {
    assert.deepEqual(unapproved(migrated, all, false), []);
    assert.deepEqual(unapproved(aStatus({ timeline: [phase('preflight', 0)] }), [], false), []);
  });

  it('were not when the window opened, or all ended, without an approval, though none is shown either', () => {
    const silent: MigrationStatus = { ...migrated, approvals: [] };
    const every = [
      'gate begin was passed without an approval',
      'gate cut-over was passed without an approval',
      'gate complete was passed without an approval',
    ];
    assert.deepEqual(unapproved(silent, [], false), every);
    assert.deepEqual(unapproved(silent, all, false), every, 'what was sent may never have come');
    const opened = (...approvals: Approval[]) => aStatus({ window, approvals, timeline: migrated.timeline });
    const [ofBegin, ofCutOver] = [every.slice(0, 1), every.slice(1, 2)];
    assert.deepEqual(unapproved(opened(shown('begin', 1_100)), all, false), ofCutOver);
    assert.deepEqual(unapproved(opened(shown('begin', 1_100), shown('cut-over', 2_501)), all, false), ofCutOver);
    assert.deepEqual(unapproved(opened(shown('begin', 1_201), shown('cut-over', 2_100)), all, false), ofBegin);
  });

  it('were not when somebody approved who gave no approval, or gave it for another plan or afterwards', () => {
    const byZoe: MigrationStatus = { ...migrated, approvals: [...migrated.approvals, shown('complete', 3_200, 'zoe')] };
    assert.deepEqual(unapproved(byZoe, all, false), ['gate complete was approved by zoe, who did not']);
    assert.deepEqual(unapproved(byZoe, [...all, given('complete', 3_150, 'zoe')], false), []);
    const late = [...all, given('complete', 3_201, 'zoe')];
    assert.deepEqual(unapproved(byZoe, late, false), ['gate complete was approved by zoe, who did not']);
    const ofOther = all.map((one) => (one.gate === 'begin' ? { ...one, planHash: 'other' } : one));
    assert.deepEqual(unapproved(migrated, ofOther, false), [
      'gate begin was approved by ann, who did not',
      'gate begin was passed without an approval',
    ]);
  });

  it('of a take-over are gate begin alone, although it may run the window back', () => {
    const back: MigrationStatus = { ...migrated, state: 'rolled-back', approvals: [shown('begin', 1_100)] };
    assert.deepEqual(unapproved(back, [given('begin', 1_000)], true), []);
    assert.deepEqual(unapproved({ ...back, approvals: [] }, [], true), ['gate begin was passed without an approval']);
  });
});

describe('an approval that is given', () => {
  const refusal = new WorkflowUpdateFailedError('refused', undefined);
  const waits = aStatus({
    state: 'awaiting-approval',
    planHash,
    waitingFor: { what: `approval of gate begin for plan ${planHash}`, since: '', next: '' },
  });
  /** Answers each message by who sends it. */
  const migrationOf = (answer: (by: string) => Promise<unknown>) =>
    ({
      say: (_name: string, { by }: { by: string }) => answer(by),
      status: () => Promise.resolve(waits),
    }) as unknown as Migration;

  it('is an act of the operator unless it was refused, also when nobody knows whether it arrived', async () => {
    const actsAfter = async (answer: () => Promise<unknown>) => {
      const operator = new Operator(migrationOf(answer), { retries: 1, gives: 'rollback' });
      await operator.act(waits, true).catch(() => undefined);
      return operator.acts.approvals.map(({ gate, by, planHash: of }) => `${by} ${gate} ${of}`);
    };
    assert.deepEqual(await actsAfter(() => Promise.resolve()), ['ann begin h']);
    assert.deepEqual(await actsAfter(() => Promise.reject(new Error('no answer'))), ['ann begin h']);
    assert.deepEqual(await actsAfter(() => Promise.reject(refusal)), []);
  });

  it('twice by others is told with who was accepted', async () => {
    const migration = migrationOf((by) => (by === 'bob' ? Promise.resolve() : Promise.reject(refusal)));
    const scene = { stage: { migration: () => migration }, say: () => undefined } as unknown as FaultScene;
    const { approvals = [] } = await approvedTwice.inject(scene);
    assert.deepEqual(
      approvals.map(({ gate, by }) => `${by} ${gate}`),
      ['bob begin'],
    );
  });
});

describe('the judgement of a run', () => {
  const nobody = { source: [], target: [], observers: [], masters: [], agents: [], frameworks: [] };
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'judge-run-'));
    for (const folder of ['journal', 'watchers']) mkdirSync(join(dir, folder));
    const journal = [
      says(0, 'm1', 1, 'elected'),
      exits(1_000, 'm1', 1),
      says(81_000, 'm2', 2, 'elected'),
      exits(82_000, 'm2', 2),
    ];
    writeFileSync(join(dir, 'journal/all.jsonl'), journal.map((record) => `${JSON.stringify(record)}\n`).join(''));
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  /** What is said of gates and budget after 80 s without a leader. */
  async function reasonsOf(part: Partial<RunToJudge>): Promise<readonly string[]> {
    const json = { ...nobody, journalDir: join(dir, 'journal'), watchers: { dir: join(dir, 'watchers') } };
    const run = {
      stage: { lab: { json, refresh: () => json } },
      scenario: { strategy: 'observers' },
      injector: { injected: [], records: [] },
      acts: { approvals: [], decisions: [] },
      secrets: { found: () => Promise.resolve([]) },
      budgetMs: 80_000,
      missing: null,
      end: 'waiting',
      status: null,
      writtenBeforeBegin: [],
      tookOver: null,
      ...part,
    } as unknown as RunToJudge;
    const { reasons } = await judgeRun(run);
    return reasons.filter((reason) => /^gate |budget$/.test(reason));
  }

  it('counts by the budget of the masters, not by what the migration says of it', async () => {
    const status = aStatus({ window: { ...window, budgetMs: 100_000, openedAt: null } });
    const reasons = [reasonsOf({ status, budgetMs: 75_000 }), reasonsOf({ status, budgetMs: 80_000 })];
    assert.deepEqual(await Promise.all(reasons), [['leaderless for 80000 ms, over the budget'], []]);
  });

  it('holds the gates of each migration against what was approved of that one', async () => {
    const [begin, cutOver] = [given('begin', 1_000), given('cut-over', 2_000)];
    const actsOf = (...approvals: GivenApproval[]) => ({ approvals, decisions: [] });
    const first = aStatus({ window, approvals: [shown('begin', 1_100), shown('cut-over', 2_100)] });
    const back = aStatus({ approvals: [shown('begin', 5_600)], timeline: [phase('take over', 6_000)] });
    const tookOver = { status: first, at: 5_000 };
    const reasons = [
      reasonsOf({ status: { ...first, approvals: first.approvals.slice(0, 1) }, acts: actsOf(begin) }),
      reasonsOf({ status: back, tookOver, acts: actsOf(begin) }),
      reasonsOf({ status: back, tookOver, acts: actsOf(begin, cutOver, given('begin', 5_500)) }),
    ];
    const opened = 'gate cut-over was passed without an approval';
    const ofFirst = ['gate cut-over was approved by ann, who did not', opened];
    const ofLast = ['gate begin was approved by ann, who did not', 'gate begin was passed without an approval'];
    assert.deepEqual(await Promise.all(reasons), [[opened], [...ofFirst, ...ofLast], []]);
  });

  it('counts an approval that a fault has given', async () => {
    const status = aStatus({ window: null, planHash, approvals: [shown('begin', 1_100, 'bob')] });
    const bob = {
      target: null,
      declares: {},
      approvals: [given('begin', 1_000, 'bob')],
      heal: () => Promise.resolve(),
    };
    const injector = { injected: [bob], records: [] } as unknown as RunToJudge['injector'];
    const reasons = [reasonsOf({ status }), reasonsOf({ status, injector })];
    assert.deepEqual(await Promise.all(reasons), [['gate begin was approved by bob, who did not'], []]);
  });
});
