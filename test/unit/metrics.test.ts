import assert from 'node:assert/strict';
import { Metrics } from '../../src/adapters/metrics.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { aStatus } from '../fakes/a-status.js';

const OPENED = '2026-01-01T00:10:00.000Z';

/** The samples that a worker would export, by name with labels. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

const window: MigrationStatus['window'] = {
  budgetMs: 75_000,
  forecastMs: 20_000,
  derivation: null,
  openedAt: OPENED,
  turnBackAt: '2026-01-01T00:10:50.000Z',
  pointOfNoReturnAt: null,
  leaderlessMs: null,
  coordinationMs: null,
  lastAgentMs: null,
};

describe('the metrics of a worker', () => {
  it('show exactly one state and one phase of a migration, whatever it was before', async () => {
    const metrics = new Metrics();
    metrics.status(aStatus({ state: 'running', phase: 'move-agents' }), 1_000);
    metrics.status(aStatus({ state: 'awaiting-decision', phase: 'move-masters' }), 2_000);
    const seen = await samples(metrics);
    const ones = [...seen].filter(([name, value]) => /migration_(state|phase)\{/.test(name) && value === 1);
    assert.deepEqual(
      ones.map(([name]) => name),
      [
        'zkferry_migration_state{cluster="c",strategy="observers",state="awaiting-decision"}',
        'zkferry_migration_phase{cluster="c",phase="move-masters"}',
      ],
    );
    assert.equal(seen.get('zkferry_migration_updated_timestamp_seconds{cluster="c"}'), 2);
  });

  it('show progress, open incidents and since when it waits', async () => {
    const metrics = new Metrics();
    const waitingFor = { what: 'x', since: '2026-01-01T00:00:10.000Z', next: 'y' };
    const incident = { id: 'i1', phase: 'p', code: 'FERRY_X', host: null, message: 'm', remedy: 'r', openedAt: OPENED };
    metrics.status(
      aStatus({
        progress: { done: 3, total: 10, failed: 1, etaMs: 5_000 },
        waitingFor,
        incidents: [
          { ...incident, closedAt: null },
          { ...incident, id: 'i2', closedAt: OPENED },
        ],
      }),
      0,
    );
    let seen = await samples(metrics);
    const of = (name: string) => seen.get(`zkferry_migration_${name}{cluster="c"}`);
    assert.deepEqual([of('progress_done'), of('progress_total'), of('progress_failed')], [3, 10, 1]);
    assert.equal(of('progress_eta_seconds'), 5);
    assert.equal(of('incidents_open'), 1);
    assert.equal(of('waiting_since_timestamp_seconds'), Date.parse(waitingFor.since) / 1000);
    metrics.status(aStatus({}), 0);
    seen = await samples(metrics);
    assert.equal(of('waiting_since_timestamp_seconds'), 0);
    assert.equal(of('progress_eta_seconds'), undefined);
  });

  it('show a window as open from its opening to the point of no return, and not while a gate waits afterwards', async () => {
    const metrics = new Metrics();
    const entry = {
      phase: 'cut-over',
      startedAt: '2026-01-01T00:09:00.000Z',
      endedAt: null,
      outcome: 'running',
    } as const;
    const open = async (status: MigrationStatus) => {
      metrics.status(status, 0);
      return (await samples(metrics)).get('zkferry_window_open{cluster="c"}');
    };
    assert.equal(await open(aStatus({ window: { ...window, openedAt: null }, timeline: [entry] })), 0);
    assert.equal(await open(aStatus({ window, timeline: [entry] })), 1);
    assert.equal(metrics.openWindows, 1);
    assert.equal(await open(aStatus({ window: { ...window, pointOfNoReturnAt: OPENED }, timeline: [entry] })), 0);
    const gate = { ...entry, phase: 'gate cut-over' };
    assert.equal(await open(aStatus({ window, timeline: [{ ...entry, outcome: 'failed' }, gate] })), 0);
    const again = { ...entry, startedAt: '2026-01-01T00:20:00.000Z' };
    assert.equal(await open(aStatus({ window, timeline: [again] })), 0, 'the window of before');
    const seen = await samples(metrics);
    assert.equal(seen.get('zkferry_window_budget_seconds{cluster="c"}'), 75);
    assert.equal(seen.get('zkferry_window_opened_timestamp_seconds{cluster="c"}'), Date.parse(OPENED) / 1000);
    assert.equal(seen.has('zkferry_window_leaderless_seconds{cluster="c"}'), false);
  });

  it('forget a migration that was terminated, and keep one that told its end', async () => {
    const metrics = new Metrics(() => 9_000);
    metrics.status(aStatus({ cluster: 'gone' }), 0);
    metrics.status(aStatus({ cluster: 'ended', state: 'migrated' }), 0);
    metrics.status(aStatus({ cluster: 'silent' }), 0);
    metrics.running(
      new Map([
        ['silent', null],
        ['new', aStatus({ cluster: 'new', state: 'paused' })],
      ]),
    );
    const text = await metrics.text();
    assert.ok(!text.includes('cluster="gone"'), text);
    for (const cluster of ['ended', 'silent', 'new']) assert.ok(text.includes(`cluster="${cluster}"`), cluster);
    assert.match(text, /updated_timestamp_seconds\{cluster="new"\} 9\n/);
  });

  it('show who was seen to lead only for as long as somebody looks', async () => {
    let at = 0;
    const metrics = new Metrics(() => at);
    metrics.leader({ cluster: 'c', ensemble: 'source', leader: 'm1' });
    metrics.leader({ cluster: 'c', ensemble: 'target', leader: null });
    metrics.leader({ cluster: 'c', ensemble: 'source', leader: 'm2' });
    metrics.published({ cluster: 'c', mirrors: 3, troubled: false, delayMs: 20 });
    assert.deepEqual(
      [...(await samples(metrics)).keys()].filter((name) => name.includes('leader_seen')),
      [
        'zkferry_leader_seen{cluster="c",ensemble="target",leader=""}',
        'zkferry_leader_seen{cluster="c",ensemble="source",leader="m2"}',
      ],
    );
    at = 31_000;
    const later = await samples(metrics);
    assert.deepEqual(
      [...later.keys()].filter((name) => /leader_seen|publisher_(mirrors|troubled|round)/.test(name)),
      [],
    );
    assert.equal(later.get('zkferry_publisher_delay_seconds_count{cluster="c"}'), 1);
  });
});
