import assert from 'node:assert/strict';
import { temporalChecks, type TemporalNeeds } from '../../src/domain/doctor/temporal-checks.js';
import type { RunObservation, TemporalObservation } from '../../src/domain/doctor/temporal-observation.js';

const names = ['ZkferryCluster', 'ZkferryPhase'];
const needs: TemporalNeeds = {
  queue: 'zkferry',
  publisherQueue: 'zkferry-publisher',
  searchAttributes: names,
  config: null,
};
const polled = (agoMs: number) => [{ identity: 'zkferry@host:1', agoMs }];
const fine: TemporalObservation = {
  settings: { address: 'h:7233', namespace: 'default', tls: false, apiKey: false, profile: null, configFile: null },
  problem: null,
  serverVersion: '1.29.1',
  namespace: { exists: true, retentionMs: 86_400_000, problem: null },
  searchAttributes: { types: Object.fromEntries(names.map((name) => [name, 'Keyword'])), problem: null },
  queues: [
    { queue: 'zkferry', tasks: 'workflows', pollers: polled(3_000) },
    { queue: 'zkferry', tasks: 'activities', pollers: polled(3_000) },
    { queue: 'zkferry-publisher', tasks: 'activities', pollers: polled(3_000) },
  ],
  runs: [],
  timers: { lateMs: 40, measuredBy: 'zkferry-lab' },
};
const run: RunObservation = {
  workflowId: 'zkferry-lab',
  type: 'migrateCluster',
  queue: 'zkferry',
  ageMs: 60_000,
  hasRun: true,
  failing: null,
  attempts: 0,
  failure: null,
  answers: true,
};

/** `id verdict` of everything that is not as it should be. */
function faults(change: Partial<TemporalObservation>, more: Partial<TemporalNeeds> = {}): string[] {
  return temporalChecks({ ...fine, ...change }, { ...needs, ...more })
    .filter(({ verdict }) => verdict === 'block' || verdict === 'warn')
    .map(({ id, verdict }) => `${id} ${verdict}`);
}

const seenOf = (change: Partial<TemporalObservation>, id: string): string =>
  temporalChecks({ ...fine, ...change }, needs).find((one) => one.id === id)?.seen ?? '';

describe('the doctor of Temporal', () => {
  it('finds nothing wrong where everything is there', () => {
    assert.deepEqual(
      faults({ runs: [run, { ...run, workflowId: 'zkferry-lab/agents-7', type: 'rollFleet', answers: null }] }),
      [],
    );
  });

  it('looks no further than it can', () => {
    assert.deepEqual(faults({ problem: 'refused' }), ['server block']);
    assert.deepEqual(faults({ namespace: { exists: false, retentionMs: null, problem: null } }), ['namespace block']);
  });

  it('warns of what it may not read, and of an older server', () => {
    assert.deepEqual(faults({ namespace: { exists: null, retentionMs: null, problem: 'denied' } }), ['namespace warn']);
    assert.deepEqual(faults({ searchAttributes: { types: null, problem: 'denied' } }), ['search-attributes warn']);
    assert.deepEqual(faults({ serverVersion: '1.24.2' }), ['server warn']);
    assert.deepEqual(faults({ serverVersion: '1.30.0-154.5' }), []);
    assert.deepEqual(faults({ serverVersion: null }), ['server warn']);
  });

  it('counts a worker as gone that has not polled for longer than a poll takes', () => {
    const silent = fine.queues.map((one) => ({ ...one, pollers: polled(100_000) }));
    assert.deepEqual(faults({ queues: silent }), ['worker block', 'publisher-worker warn']);
    assert.match(
      seenOf({ queues: silent }, 'worker'),
      /no worker polls task queue zkferry; the last poll was 100 s ago/,
    );
    const half = fine.queues.map((one) => (one.tasks === 'activities' ? { ...one, pollers: [] } : one));
    assert.match(seenOf({ queues: half }, 'worker'), /task queue zkferry for activities/);
  });

  it('asks for what the config needs, and for no more', () => {
    const none = { types: {}, problem: null };
    const queues = fine.queues.slice(0, 2);
    assert.deepEqual(faults({ searchAttributes: none }), ['search-attributes block']);
    assert.deepEqual(
      faults({ searchAttributes: none }, { config: { strategy: 'observers', searchAttributes: false } }),
      [],
    );
    assert.deepEqual(faults({ queues }), ['publisher-worker warn']);
    assert.deepEqual(faults({ queues }, { config: { strategy: 'observers', searchAttributes: true } }), []);
    assert.deepEqual(faults({ queues }, { config: { strategy: 'dual-publishing', searchAttributes: true } }), [
      'publisher-worker block',
    ]);
  });

  it('tells open workflows that are astray, and lets none be terminated that may have written something', () => {
    const astray = (change: Partial<RunObservation>): string[] => faults({ runs: [{ ...run, ...change }] });
    assert.deepEqual(astray({ queue: 'ferry' }), ['wrong-queue block']);
    assert.deepEqual(astray({ type: 'migrate' }), ['wrong-type block']);
    assert.deepEqual(astray({ workflowId: 'production' }), ['wrong-id warn']);
    assert.deepEqual(astray({ hasRun: false, answers: null }), ['not-begun block']);
    assert.deepEqual(astray({ hasRun: false, answers: null, ageMs: 2_000 }), []);
    assert.deepEqual(astray({ attempts: 4, failure: 'nondeterminism' }), ['workflow-task-fails block']);
    const failing = { activity: 'stopHeld', attempts: 9, failure: 'o3 cannot be reached' };
    assert.deepEqual(astray({ failing }), ['step-fails warn']);
    assert.deepEqual(astray({ failing: { ...failing, attempts: 2 } }), []);
    assert.deepEqual(astray({ answers: false }), ['silent block']);
    for (const hasRun of [true, false]) {
      const [found] = temporalChecks({ ...fine, runs: [{ ...run, queue: 'ferry', hasRun }] }, needs).filter(
        ({ id }) => id === 'wrong-queue',
      );
      assert.equal(found?.remedy?.includes('temporal workflow terminate'), !hasRun, found?.remedy ?? '');
    }
  });

  it('warns of timers that fire late', () => {
    assert.deepEqual(faults({ timers: { lateMs: 900, measuredBy: 'measured just now' } }), ['timers warn']);
  });
});
