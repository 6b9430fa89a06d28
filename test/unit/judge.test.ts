import assert from 'node:assert/strict';
import { judge, overlapsOf } from '../../lab/judge.js';
import type { JournalRecord, WatchRecord } from '../../lab/contract.js';
import { claim, cluster, EPOCH, exits, on, refused, says, znode } from '../fakes/judge-records.js';

/** m1 (pid 1) leads until 10 000, m2 (pid 2) from 12 000, through target; one agent, task and framework. */
function aWindow(): { journal: JournalRecord[]; watch: WatchRecord[] } {
  const journal = [
    says(-500, 'm1', 1, 'started'),
    says(-400, 'm1', 1, 'elected'),
    says(-300, 'm2', 2, 'started'),
    exits(10_000, 'm1', 1),
    exits(10_300, 'o1', 7, 'zookeeper'),
    says(12_000, 'm2', 2, 'elected'),
  ];
  const watch: WatchRecord[] = [];
  for (let t = 0; t <= 20_000; t += 100) {
    watch.push(t < 10_000 ? claim(t, 'm1', true, 1) : refused(t, 'm1'));
    watch.push(claim(t + 5, 'm2', t >= 12_000, 2));
    const id = t < 10_000 ? 'id-1' : t >= 12_000 ? 'id-2' : null;
    watch.push(znode(t, 's1', 'source', 'id-1'), znode(t, 'o1', 'observers', id));
    watch.push(znode(t, 't1', 'target', t >= 12_000 ? 'id-2' : null));
    if (t % 1_000 === 0) {
      watch.push({ ...on(t), kind: 'heartbeat', watcher: 'leaders', pid: 9, event: 'alive' });
      watch.push({ ...on(t), kind: 'agent', agent: 'a1', id: 'A-S0', registered: true, masterHostname: 'm' });
      watch.push({ ...on(t), kind: 'tasks', agent: 'a1', alive: { task1: 101, task2: 102 } });
      if (t < 10_000) watch.push(cluster(t, 'm1'));
      if (t >= 13_000) watch.push({ ...cluster(t, 'm2'), activeSince: { 'A-S0': EPOCH + 12_700 } });
    }
  }
  return { journal, watch };
}

describe('judge', () => {
  it('passes a window in which one leader follows another and nothing is lost', () => {
    const verdicts = judge({
      ...aWindow(),
      expected: { masters: ['m1', 'm2'], agents: ['a1'], servers: ['s1', 't1', 'o1'] },
    });
    assert.deepEqual(verdicts.reasons, []);
    assert.equal(verdicts.passed, true);
    assert.equal(verdicts.proved, true);
    assert.equal(verdicts.leadersAtOnceMax, 1);
    assert.equal(verdicts.leadersSeen, 2);
  });

  it('measures the window from the exit of the old leader', () => {
    const { leaderlessMs, coordinationMs, lastAgentMs } = judge(aWindow());
    assert.deepEqual(
      { leaderlessMs, coordinationMs, lastAgentMs },
      { leaderlessMs: 2_000, coordinationMs: 2_003, lastAgentMs: 2_700 },
    );
  });

  it('finds an overlap of one millisecond between journals', () => {
    const { journal, watch } = aWindow();
    const late = journal.map((record) =>
      record.event === 'exit' && record.pid === 1 ? exits(12_001, 'm1', 1) : record,
    );
    const verdicts = judge({ journal: late, watch });
    assert.equal(verdicts.leadersAtOnceMax, 2);
    assert.equal(verdicts.overlapMs, 1);
    assert.equal(verdicts.passed, false);
    assert.match(verdicts.reasons.join('\n'), /2 masters led at once for 1\.0 ms/);
    assert.deepEqual(overlapsOf({ journal: late, watch }), [{ from: 12_000, to: 12_001, masters: ['m1', 'm2'] }]);
  });

  it('calls adjacent intervals no overlap', () => {
    const { journal, watch } = aWindow();
    const late = journal.map((record) =>
      record.event === 'exit' && record.pid === 1 ? exits(12_000, 'm1', 1) : record,
    );
    assert.equal(judge({ journal: late, watch }).leadersAtOnceMax, 1);
  });

  it('knows a process by its pid, whatever name its journal gives the master', () => {
    const { journal, watch } = aWindow();
    const byAddress = journal.map((record) => (record.kind === 'master' ? { ...record, name: '127.0.0.1' } : record));
    const verdicts = judge({ journal: byAddress, watch });
    assert.deepEqual(verdicts.reasons, []);
    assert.equal(verdicts.lastAgentMs, 2_700);
  });

  it('ends a reign where the master concedes, not where it exits later', () => {
    const { journal, watch } = aWindow();
    const late = [
      ...journal.filter((record) => !(record.event === 'exit' && record.pid === 1)),
      says(9_990, 'm1', 1, 'conceded'),
      exits(12_500, 'm1', 1),
    ];
    assert.equal(judge({ journal: late, watch }).leadersAtOnceMax, 1);
  });

  it('finds two leaders by claims alone when a journal is silent', () => {
    const { journal, watch } = aWindow();
    const stray = watch.map((record) =>
      record.kind === 'claim' && record.master === 'm1' && record.mono >= 15_000 && record.mono <= 15_400
        ? claim(record.mono, 'm1', true, 66)
        : record,
    );
    const verdicts = judge({ journal, watch: stray });
    assert.equal(verdicts.leadersAtOnceMax, 2);
    assert.equal(verdicts.passed, false);
  });

  it('counts a single claim between two claims of another process as a second leader', () => {
    const { journal, watch } = aWindow();
    const stray = watch.map((record) =>
      record.kind === 'claim' && record.master === 'm1' && record.mono === 15_000
        ? claim(15_000, 'm1', true, null)
        : record,
    );
    assert.equal(judge({ journal: journal.filter((r) => r.event !== 'elected'), watch: stray }).leadersAtOnceMax, 2);
  });

  it('does not call two claims by different processes of one master an overlap when a rival led between them', () => {
    const watch = [claim(0, 'a', true, 1), claim(100, 'b', true, 2), claim(200, 'a', true, 3)];
    assert.equal(judge({ journal: [], watch }).leadersAtOnceMax, 1);
  });

  it('refuses to call it proved when claims were not seen for more than 300 ms', () => {
    const { journal, watch } = aWindow();
    const gappy = watch.filter((r) => !(r.kind === 'claim' && r.master === 'm2' && r.mono > 5_010 && r.mono < 5_400));
    const verdicts = judge({ journal, watch: gappy });
    assert.equal(verdicts.proved, false);
    assert.equal(verdicts.passed, false);
    assert.ok(verdicts.largestGapMs >= 400);
    assert.match(verdicts.reasons.join('\n'), /claims of m2 were not seen/);
  });

  it('takes a gap for none while the fault itself had stopped that process, and for one a moment longer', () => {
    const { journal, watch } = aWindow();
    const gappy = watch.filter((r) => !(r.kind === 'claim' && r.master === 'm2' && r.mono > 5_010 && r.mono < 6_010));
    const during = (master: string, from: number, to: number) =>
      judge({ journal, watch: gappy, silences: [{ master, from, to }] });
    assert.equal(judge({ journal, watch: gappy }).proved, false);
    assert.equal(during('m2', 5_020, 6_000).proved, true);
    assert.equal(during('m2', 5_020, 5_600).proved, false);
    assert.equal(during('m2', 5_420, 6_000).proved, false);
    assert.equal(during('m1', 5_020, 6_000).proved, false);
  });

  it('takes a time-out for no sample, but a refused connection for one', () => {
    const { journal, watch } = aWindow();
    const hushed = watch.map((r) =>
      r.kind === 'claim' && r.answer === 'refused' ? { ...r, answer: 'silent' as const } : r,
    );
    assert.equal(judge({ journal, watch }).proved, true);
    assert.equal(judge({ journal, watch: hushed }).proved, false);
  });

  it('does not count the time of a ghost as leadership', () => {
    const verdicts = judge(aWindow());
    assert.equal(verdicts.leadersAtOnceMax, 1);
    assert.equal(verdicts.ghostMs, 9_903);
  });

  it('calls a contender that is elected a moment later no ghost', () => {
    const { journal, watch } = aWindow();
    const early = watch.map((r) =>
      r.kind === 'znode' && r.server === 's1' ? znode(r.mono, 's1', 'source', r.mono < 10_000 ? 'id-1' : 'id-2') : r,
    );
    assert.equal(judge({ journal, watch: early }).ghostMs, 0);
  });

  it('reports a task that is gone, and one that runs under another pid', () => {
    const { journal, watch } = aWindow();
    const later = watch.map((r) => (r.kind === 'tasks' && r.mono > 10_000 ? { ...r, alive: { task1: 999 } } : r));
    const verdicts = judge({ journal, watch: later });
    assert.deepEqual(verdicts.tasksLost, ['task1 (pid 101 → 999)', 'task2 (pid 102 on a1 is gone)']);
    assert.equal(verdicts.passed, false);
    assert.deepEqual(judge({ journal, watch: later, declaredLosses: { tasksOfAgents: ['a1'] } }).tasksLost, []);
    assert.deepEqual(judge({ journal, watch: later, declaredLosses: { tasks: ['task1'] } }).tasksLost, [
      'task2 (pid 102 on a1 is gone)',
    ]);
  });

  it('reports an agent whose id changed, and one that is not active at the end', () => {
    const { journal, watch } = aWindow();
    const renamed = watch.map((r) => (r.kind === 'agent' && r.mono > 10_000 ? { ...r, id: 'A-S9' } : r));
    assert.deepEqual(judge({ journal, watch: renamed }).agentsLost, ['a1 (id changed from A-S0 to A-S9)']);
    const inactive = watch.map((r) => (r.kind === 'cluster' && r.mono > 13_000 ? { ...r, activeAgentIds: [] } : r));
    assert.match(judge({ journal, watch: inactive }).agentsLost.join(), /^a1 \(A-S0 not active/);
  });

  it('forgives one failed read of an agent at the very end', () => {
    const { journal, watch } = aWindow();
    const missed = watch.map((r) =>
      r.kind === 'agent' && r.mono === 20_000 ? { ...r, id: null, registered: null } : r,
    );
    assert.deepEqual(judge({ journal, watch: missed }).agentsLost, []);
  });

  it('reports a framework that came back under another id', () => {
    const { journal, watch } = aWindow();
    const other = [{ id: 'F-1', name: 'lab-framework', connected: true }];
    const renamed = watch.map((r) => (r.kind === 'cluster' && r.mono > 10_000 ? { ...r, frameworks: other } : r));
    assert.deepEqual(judge({ journal, watch: renamed }).frameworksLost, ['lab-framework (id changed from F-0 to F-1)']);
  });

  it('does not pass when a watcher died on the way', () => {
    const { journal, watch } = aWindow();
    const dead = watch.filter((r) => r.kind !== 'heartbeat' || r.mono < 12_000);
    assert.match(judge({ journal, watch: dead }).reasons.join('\n'), /watcher leaders gave no sign of life/);
    const halfDead = watch.filter((r) => r.kind !== 'tasks' || r.mono < 12_000);
    assert.match(
      judge({ journal, watch: halfDead }).reasons.join('\n'),
      /tasks of agent a1 were not watched to the end/,
    );
  });

  it('judges only while all watchers watched, from the first look at each master to the first orderly stop', () => {
    const { journal, watch } = aWindow();
    const late = watch.filter((r) => !(r.kind === 'claim' && (r.mono < 900 || r.mono > 19_100)));
    const stop = { ...on(19_150), kind: 'heartbeat', watcher: 'leaders', pid: 9, event: 'stopped' } as const;
    const beats = late.filter((r) => r.kind !== 'heartbeat' || r.mono < 19_150);
    assert.deepEqual(judge({ journal, watch: [...beats, stop] }).reasons, []);
    assert.equal(judge({ journal, watch: beats }).proved, false);
  });

  it('does not pass when all watchers died unseen before the judge was asked', () => {
    assert.deepEqual(judge({ ...aWindow(), askedAt: 20_050 }).reasons, []);
    assert.equal(judge({ ...aWindow(), askedAt: 21_000 }).proved, false);
  });

  it('takes no leader for a ghost because the watchers went on after the question', () => {
    const { journal, watch } = aWindow();
    const sound = watch.filter((r) => r.kind !== 'znode' || r.server !== 's1');
    assert.equal(judge({ journal, watch: sound, askedAt: 19_000 }).ghostMs, 0);
  });

  it('does not pass when something listed in the lab was never watched', () => {
    const expected = { masters: ['m1', 'm2', 'm3'], agents: ['a1'], servers: ['t2'] };
    const verdicts = judge({ ...aWindow(), expected });
    assert.equal(verdicts.proved, false);
    assert.match(verdicts.reasons.join('\n'), /m3 was never asked[^]*no session watched ZooKeeper server t2/);
  });

  it('does not pass on no evidence at all', () => {
    const verdicts = judge({ journal: [], watch: [] });
    assert.equal(verdicts.passed, false);
    assert.equal(verdicts.proved, false);
  });

  it('does not call it proved when nobody recorded the end of a leading process', () => {
    const { journal, watch } = aWindow();
    const unended = journal.filter((r) => !(r.event === 'exit' && r.pid === 1));
    const verdicts = judge({ journal: [...unended, says(11_000, 'm1', 3, 'started')], watch });
    assert.equal(verdicts.leadersAtOnceMax, 1);
    assert.match(verdicts.reasons.join('\n'), /nobody recorded when the leading process 1 of m1 ended/);
  });

  it('does not pass without a leader at the end', () => {
    const { journal, watch } = aWindow();
    assert.deepEqual(judge({ journal: [...journal, exits(19_500, 'm2', 2)], watch }).reasons, [
      'no master leads at the end',
    ]);
  });

  it('does not pass a window longer than the budget', () => {
    assert.match(
      judge({ ...aWindow(), budgetMs: 1_999 }).reasons.join(),
      /leaderless for 2000 ms, over the budget of 1999/,
    );
    assert.equal(judge({ ...aWindow(), budgetMs: 2_000 }).passed, true);
  });

  it('measures a window that turned back by the stop of the observers', () => {
    const { journal, watch } = aWindow();
    const back = watch.map((r) => (r.kind === 'znode' && r.server === 't1' ? znode(r.mono, 't1', 'target', null) : r));
    const { leaderlessMs, coordinationMs } = judge({ journal, watch: back });
    assert.deepEqual({ leaderlessMs, coordinationMs }, { leaderlessMs: 2_000, coordinationMs: null });
  });

  it('sees no window in an ordinary failover', () => {
    const { journal, watch } = aWindow();
    const plain = watch.filter((r) => r.kind !== 'znode' || r.ensemble !== 'target');
    assert.equal(
      judge({ journal: journal.filter((r) => r.event !== 'exit' || r.pid === 1), watch: plain }).leaderlessMs,
      null,
    );
  });
});
