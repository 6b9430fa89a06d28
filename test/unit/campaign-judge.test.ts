import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { excesses } from '../../lab/campaign/budget.js';
import { isTrue } from '../../lab/campaign/explanation.js';
import type { FaultRecord } from '../../lab/campaign/injector.js';
import { areOfFaults } from '../../lab/campaign/native-overlap.js';
import { between } from '../../lab/campaign/leaderless.js';
import { budgetOfMasters, pingBudgetMs } from '../../lab/campaign/masters-budget.js';
import { hasCome, waitsAt } from '../../lab/campaign/moment.js';
import { leftovers, residue } from '../../lab/campaign/standing.js';
import { quantiles } from '../../lab/campaign/summary.js';
import { differences } from '../../lab/campaign/traces.js';
import type { LabJson } from '../../lab/contract.js';
import { parseFlags } from '../../lab/mesos/flags.js';
import { MASTER_FLAGS } from '../../lab/mesos/master/master-flags.js';
import type { Incident, MigrationStatus } from '../../src/domain/status.js';

const hit = (kind: string, target: string | null, at = 0, healedAt: number | null = null): FaultRecord => ({
  kind,
  moment: { at: 'window', plusMs: 0 },
  lastsMs: null,
  target,
  hit: { at, phase: 'cut-over', state: 'running', inWindow: true },
  healedAt,
  error: null,
});

describe('the budget of a run', () => {
  const gaps = between([
    { from: 0, to: 10 },
    { from: 5, to: 20 },
    { from: 120, to: 130 },
    { from: 131, to: 200 },
  ]);

  it('counts the time between two leaders, also where their times overlap', () => {
    assert.deepEqual(gaps, [
      { from: 20, to: 120 },
      { from: 130, to: 131 },
    ]);
  });

  it('is broken by a stretch that is longer, which nothing excuses', () => {
    assert.deepEqual(
      excesses(gaps, 75, [], () => true),
      [{ ms: 100, cutOffBy: null }],
    );
    assert.deepEqual(
      excesses(gaps, 100, [], () => true),
      [],
    );
  });

  it('is excused by a fault that cut everything off meanwhile, and by no other', () => {
    const faults = [hit('temporal-killed', null, 30, 60)];
    const of = (cutsOff: boolean) => excesses(gaps, 75, faults, () => cutsOff).map(({ cutOffBy }) => cutOffBy);
    assert.deepEqual(of(true), ['temporal-killed']);
    assert.deepEqual(of(false), [null]);
    assert.deepEqual(
      excesses(gaps, 75, [hit('temporal-killed', null, 1, 19)], () => true),
      [{ ms: 100, cutOffBy: null }],
    );
  });

  it('is excused for as long as faults lasted and a session time-out more, and for no longer', () => {
    const cutOff = (...faults: FaultRecord[]) =>
      excesses([{ from: 0, to: 100_000 }], 75_000, faults, () => true).map(({ cutOffBy }) => cutOffBy);
    assert.deepEqual(cutOff(hit('temporal-killed', null, 30_000, 30_001)), [null]);
    assert.deepEqual(cutOff(hit('temporal-killed', null, 30_000, 44_999)), [null]);
    assert.deepEqual(cutOff(hit('temporal-killed', null, 30_000, 45_000)), ['temporal-killed']);
    assert.deepEqual(cutOff(hit('temporal-killed', null, -20_000, 14_999)), [null]);
    const twice = [hit('temporal-killed', null, 30_000, 35_000), hit('temporal-frozen', null, 34_000, 40_000)];
    assert.deepEqual(cutOff(...twice), [null], 'what two faults cover counts once');
    assert.deepEqual(cutOff(...twice, hit('all-workers-killed', null, 60_000, 60_001)), ['temporal-killed']);
  });

  it('comes from the flags that the masters run with', async () => {
    const stock = parseFlags(MASTER_FLAGS, [], {}).shown();
    assert.equal(pingBudgetMs(stock), 75_000);
    assert.throws(() => pingBudgetMs({ ...stock, agent_ping_timeout: 'soon' }), /a ping time-out of 'soon'/);
    const server = createServer((request, response) => {
      const flags = request.url === '/flags' ? { ...stock, max_agent_ping_timeouts: '4' } : {};
      response.end(JSON.stringify({ flags }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port: httpPort } = server.address() as AddressInfo;
    try {
      const masters = [{ host: '127.0.0.1', httpPort }] as unknown as LabJson['masters'];
      assert.equal(await budgetOfMasters(masters), 60_000);
    } finally {
      server.close();
    }
  });
});

describe('an overlap of leaders', () => {
  const overlap = { from: 100, to: 200, masters: ['master1', 'master2'] };

  it('is native when it begins after one of the two was frozen or cut off', () => {
    assert.ok(areOfFaults([overlap], [hit('leader-frozen', 'master1', 5_090)], 5_000));
    assert.ok(areOfFaults([overlap], [hit('partition-master-source', 'master2', 5_090)], 5_000));
    assert.ok(areOfFaults([], [], 0));
  });

  it('is native until a session time-out after the fault was healed, and not later', () => {
    const late = { ...overlap, from: 20_000, to: 20_001 };
    assert.ok(areOfFaults([late], [hit('leader-frozen', 'master1', 0, 10_000)], 0));
    assert.ok(areOfFaults([late], [hit('leader-frozen', 'master1', 0, null)], 0));
    assert.ok(!areOfFaults([late], [hit('leader-frozen', 'master1', 0, 9_999)], 0));
  });

  it('is not when a third was hit, when it began earlier, by another kind of fault, or by none', () => {
    assert.ok(!areOfFaults([overlap], [hit('leader-frozen', 'master3')], 0));
    assert.ok(!areOfFaults([overlap], [hit('leader-frozen', 'master1', 101)], 0));
    assert.ok(!areOfFaults([overlap], [hit('leader-killed', 'master1')], 0));
    assert.ok(!areOfFaults([overlap], [], 0));
    const second = { from: 300, to: 301, masters: ['master2', 'master3'] };
    assert.ok(!areOfFaults([overlap, second], [hit('leader-frozen', 'master1')], 0));
  });
});

describe('what a waiting migration says', () => {
  const lab = { source: [], target: [], observers: [], masters: [], frameworks: [] } as unknown as LabJson;
  const agents = [{ name: 'agent1', host: '127.1.1.31' }] as unknown as LabJson['agents'];
  const about = (host: string | null, message = 'it does not answer', closedAt: string | null = null) =>
    [{ host, message, closedAt }] as unknown as Incident[];

  it('is true when it names the host that was hit, by name or by address', () => {
    const faults = [hit('ssh-hangs', 'agent1')];
    assert.ok(isTrue(about('agent1'), faults, { ...lab, agents }));
    assert.ok(isTrue(about('127.1.1.31'), faults, { ...lab, agents }));
    assert.ok(isTrue(about(null, 'agent1 is away'), faults, { ...lab, agents }));
  });

  it('is not when it names another, when it was decided already, or when nothing was hit', () => {
    const faults = [hit('ssh-hangs', 'agent1')];
    assert.ok(!isTrue(about('agent2'), faults, { ...lab, agents }));
    assert.ok(!isTrue(about('agent1', '', '2026-01-01'), faults, { ...lab, agents }));
    assert.ok(!isTrue(about('agent1'), [], { ...lab, agents }));
    assert.ok(!isTrue(about('agent1'), [{ ...hit('ssh-hangs', 'agent1'), hit: null }], { ...lab, agents }));
  });
});

describe('traces on hosts and in ensembles', () => {
  const before = new Map([
    ['master1:/etc/mesos/zk', 'a'],
    ['source:/mesos', 'b'],
  ]);

  it('tell what is new, gone or different', () => {
    const after = new Map([
      ['master1:/etc/mesos/zk', 'c'],
      ['target:/mesos', 'd'],
    ]);
    assert.deepEqual(differences(before, after), [
      'master1:/etc/mesos/zk changed from a to c',
      'source:/mesos is gone',
      'target:/mesos is new (d)',
    ]);
  });

  it('are residue after a rollback, but for empty parents in target', () => {
    const after = new Map([...before, ['target:/mesos', 'd'], ['target:/mesos/log_replicas', 'e'], ['target:/x', 'f']]);
    assert.deepEqual(residue(before, after, '/mesos'), ['target:/x is new (f)']);
  });

  it('are left after a migration only under a name of ours', () => {
    const after = new Map([...before, ['observer1:/etc/zoo.cfg', 'a'], ['agent1:/var/lib/zkferry/', 'folder']]);
    assert.deepEqual(leftovers(before, after), ['agent1:/var/lib/zkferry/ is left']);
  });
});

describe('the moment of a fault', () => {
  const status = {
    state: 'awaiting-approval',
    waitingFor: { what: 'approval of gate cut-over for plan abc' },
    timeline: [{ phase: 'preflight' }, { phase: 'move-agents' }],
    window: { openedAt: null },
  } as unknown as MigrationStatus;
  const none = new Map<string, number>();

  it('is told by what the migration says', () => {
    assert.equal(waitsAt(status), 'cut-over');
    assert.ok(hasCome({ at: 'gate', gate: 'cut-over', plusMs: 0 }, status, none));
    assert.ok(!hasCome({ at: 'gate', gate: 'begin', plusMs: 0 }, status, none));
    assert.ok(hasCome({ at: 'phase', phase: 'move-agents', plusMs: 0 }, status, none));
    assert.ok(!hasCome({ at: 'phase', phase: 'soak', plusMs: 0 }, status, none));
    assert.ok(!hasCome({ at: 'window', plusMs: 0 }, status, none));
    assert.ok(!hasCome({ at: 'way-back', plusMs: 0 }, status, none));
  });

  it('is told by the nth schedule of an activity', () => {
    const moment = { at: 'activity', activity: 'stopHeld', nth: 2, plusMs: 0 } as const;
    assert.ok(!hasCome(moment, null, new Map([['stopHeld', 1]])));
    assert.ok(hasCome(moment, null, new Map([['stopHeld', 2]])));
  });
});

describe('the figures of a campaign', () => {
  it('are nearest ranks of what was measured', () => {
    assert.equal(quantiles([null, 3, 1, 2]), 'p50 2 ms, p95 3 ms, max 3 ms in 3 runs');
    assert.equal(quantiles([null]), 'never measured');
  });
});
