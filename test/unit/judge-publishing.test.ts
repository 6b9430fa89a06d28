import assert from 'node:assert/strict';
import type { JournalRecord, WatchRecord } from '../../lab/contract.js';
import { judge } from '../../lab/judge.js';
import { claim, cluster, EPOCH, exits, on, refused, says, znode } from '../fakes/judge-records.js';

/** From `since` on these contenders stand, number → pid of its process; the lowest number leads. */
type History = readonly (readonly [since: number, contenders: Readonly<Record<number, number>>])[];

interface Process {
  readonly master: string;
  readonly from: number;
  readonly to?: number;
}

type Processes = Readonly<Record<number, Process>>;

const nameOf = (number: number | string): string => `json.info_${String(number).padStart(10, '0')}`;

/** What one server shows: on each change, and every 100 ms. */
function reads(server: string, ensemble: 'source' | 'target', history: History): WatchRecord[] {
  const polls = Array.from({ length: 201 }, (_, nth) => nth * 100);
  const instants = [...new Set([...polls, ...history.map(([since]) => since)])].filter((at) => at >= 0);
  return instants.map((at) => {
    const contenders = Object.entries(history.findLast(([since]) => since <= at)?.[1] ?? {});
    contenders.sort(([a], [b]) => Number(a) - Number(b));
    const [lowest] = contenders;
    const names = contenders.map(([number]) => nameOf(number));
    return znode(at, server, ensemble, lowest ? `id-${String(lowest[1])}` : null, names);
  });
}

interface Run {
  readonly source: History;
  readonly target: History;
  readonly processes: Processes;
  /** Pid → when it was elected. */
  readonly elected: Readonly<Record<number, number>>;
}

/**
 * m1 (pid 1) leads in source and is mirrored from 1 000 on. m3 joins at 4 000, m2 leaves at 6 500 and is back at
 * 7 000; at 10 000 all stop; from 11 000 on they start on target, where m2 (pid 12) is elected at 12 000.
 */
const dual: Run = {
  source: [
    [0, { 51: 1, 52: 2 }],
    [4_000, { 51: 1, 52: 2, 53: 3 }],
    [6_500, { 51: 1, 53: 3 }],
    [7_000, { 51: 1, 53: 3, 54: 4 }],
    [10_300, {}],
  ],
  target: [
    [0, {}],
    [1_000, { 51: 1, 52: 2 }],
    [4_008, { 51: 1, 52: 2, 53: 3 }],
    [6_504, { 51: 1, 53: 3 }],
    [7_003, { 51: 1, 53: 3, 54: 4 }],
    [10_200, {}],
    [12_000, { 1060: 12 }],
    [12_100, { 1060: 12, 1061: 11, 1062: 13 }],
  ],
  processes: {
    1: { master: 'm1', from: -500, to: 10_000 },
    2: { master: 'm2', from: -400, to: 6_000 },
    3: { master: 'm3', from: 3_900, to: 10_010 },
    4: { master: 'm2', from: 6_900, to: 10_020 },
    11: { master: 'm1', from: 11_000 },
    12: { master: 'm2', from: 11_010 },
    13: { master: 'm3', from: 11_020 },
  },
  elected: { 1: -300, 12: 12_000 },
};

function recordsOf({ source, target, processes, elected }: Run): { journal: JournalRecord[]; watch: WatchRecord[] } {
  const all = Object.entries(processes).map(([pid, process]) => ({ ...process, pid: Number(pid) }));
  const journal = all.flatMap(({ pid, master, from, to }) => [
    says(from, master, pid, 'started'),
    ...(elected[pid] === undefined ? [] : [says(elected[pid], master, pid, 'elected')]),
    ...(to === undefined ? [] : [exits(to, master, pid)]),
  ]);
  const watch: WatchRecord[] = [
    ...['s1', 's2'].flatMap((server) => reads(server, 'source', source)),
    ...['t1', 't2'].flatMap((server) => reads(server, 'target', target)),
  ];
  for (let t = 0; t <= 20_000; t += 100) {
    const livesAt = ({ from, to = Infinity }: Process) => from <= t && t + 2 <= to;
    for (const master of ['m1', 'm2', 'm3']) {
      const living = all.find((process) => process.master === master && livesAt(process));
      const electedAt = living === undefined ? undefined : elected[living.pid];
      watch.push(living ? claim(t, master, electedAt !== undefined && electedAt <= t, living.pid) : refused(t, master));
    }
    if (t % 1_000 !== 0) continue;
    watch.push({ ...on(t), kind: 'heartbeat', watcher: 'leaders', pid: 9, event: 'alive' });
    watch.push({ ...on(t), kind: 'agent', agent: 'a1', id: 'A-S0', registered: true, masterHostname: 'm' });
    watch.push({ ...on(t), kind: 'tasks', agent: 'a1', alive: { task1: 101, task2: 102 } });
    const leading = all.find((process) => livesAt(process) && (elected[process.pid] ?? Infinity) <= t - 700);
    if (leading) {
      const since = EPOCH + (elected[leading.pid] ?? 0) + 700;
      watch.push({ ...cluster(t, leading.master), activeSince: { 'A-S0': since } });
    }
  }
  return { journal, watch };
}

const judged = (change: Partial<Run> = {}, more: { strategy?: 'observers' | 'dual-publishing' } = {}) =>
  judge({ ...recordsOf({ ...dual, ...change }), ...more });

describe('judge of dual publishing', () => {
  it('passes mirrors that follow source within milliseconds, and a window behind a barrier', () => {
    const verdicts = judged({}, { strategy: 'dual-publishing' });
    assert.deepEqual(verdicts.reasons, []);
    assert.deepEqual([verdicts.passed, verdicts.wrongLeaderMs, verdicts.leadersSeen], [true, 0, 2]);
  });

  it('measures the delay of every change while mirrors are published, not of the first publication nor of the window', () => {
    assert.deepEqual(judged().mirrorDelay, { changes: 3, p50Ms: 4, p99Ms: 8, maxMs: 8 });
  });

  it('takes the first server of each side that showed a change', () => {
    const { journal, watch } = recordsOf(dual);
    const lagging = watch.filter(
      (r) => !(r.kind === 'znode' && (r.server === 's2' || r.server === 't1') && r.mono % 100 !== 0),
    );
    assert.deepEqual(judge({ journal, watch: lagging }).mirrorDelay, judged().mirrorDelay);
  });

  it('counts a contender that was never mirrored until it goes or the mirrors end', () => {
    const target = dual.target.filter(([since]) => since !== 4_008 && since !== 6_504 && since !== 7_003);
    const missed: History = [...target.slice(0, 2), [6_504, { 51: 1 }], [7_003, { 51: 1, 54: 4 }], ...target.slice(2)];
    assert.deepEqual(judged({ target: missed }).mirrorDelay, { changes: 3, p50Ms: 4, p99Ms: 6_017, maxMs: 6_017 });
  });

  it('counts a mirror that outlives its contender until it is gone', () => {
    const late = dual.target.map(([since, standing]) =>
      since === 6_504 || since === 7_003 ? ([since, { ...standing, 52: 2 }] as const) : ([since, standing] as const),
    );
    const gone: History = [...late.slice(0, 5), [8_500, { 51: 1, 53: 3, 54: 4 }], ...late.slice(5)];
    assert.equal(judged({ target: gone }).mirrorDelay?.maxMs, 2_000);
  });

  it('has no delays to tell when nobody came or went, which is not the same as nothing published', () => {
    const still = dual.source.filter(([since]) => since === 0 || since === 10_300);
    const mirrors = dual.target.filter(([since]) => since <= 1_000 || since >= 10_200);
    const processes = { ...dual.processes, 2: { master: 'm2', from: -400, to: 10_020 } };
    const quiet = { source: still, target: mirrors, processes };
    const { mirrorDelay, reasons } = judged(quiet, { strategy: 'dual-publishing' });
    assert.deepEqual(mirrorDelay, { changes: 0, p50Ms: null, p99Ms: null, maxMs: null });
    assert.deepEqual(reasons, []);
  });

  it('proves nothing when target never showed what source shows', () => {
    const verdicts = judged(
      { target: dual.target.filter(([since]) => since >= 10_200) },
      { strategy: 'dual-publishing' },
    );
    assert.deepEqual([verdicts.mirrorDelay, verdicts.proved], [null, false]);
    assert.match(verdicts.reasons.join(), /target never showed source's contenders/);
  });

  describe('on who is named in target (S19)', () => {
    const between = (from: number, to: number, standing: Readonly<Record<number, number>>): History => {
      const before = dual.target.filter(([since]) => since < from);
      const meanwhile = dual.target.findLast(([since]) => since <= to)?.[1] ?? {};
      return [...before, [from, standing], [to, meanwhile], ...dual.target.filter(([since]) => since > to)];
    };

    it('does not pass a living standby named while source’s leader lives: the leader’s mirror was missing', () => {
      const verdicts = judged({ target: between(8_000, 8_250, { 53: 3, 54: 4 }) });
      assert.deepEqual([verdicts.passed, verdicts.wrongLeaderMs, verdicts.leadersAtOnceMax], [false, 203, 1]);
      assert.match(
        verdicts.reasons.join('\n'),
        /t1 of target named m3, pid 3, as leader for 203\.0 ms, while source named m1, pid 1, which led/,
      );
    });

    it('does not pass a native contender that sorts before the mirrors, be it for one read', () => {
      const processes = { ...dual.processes, 66: { master: 'm4', from: 8_900, to: 9_300 } };
      const verdicts = judged({ processes, target: between(9_010, 9_020, { 7: 66, 51: 1, 53: 3, 54: 4 }) });
      assert.deepEqual([verdicts.passed, verdicts.wrongLeaderMs], [false, 3]);
      assert.match(verdicts.reasons.join('\n'), /named m4, pid 66/);
    });

    it('ends the mirrors with the first native contender, whatever stands beside it', () => {
      const processes = { ...dual.processes, 66: { master: 'm4', from: 3_000, to: 3_600 } };
      const target = between(3_500, 3_900, { 51: 1, 52: 2, 1050: 66 });
      assert.deepEqual(judged({ processes, target }).mirrorDelay?.changes, 3);
      const stays = dual.target.map(([since, standing]) =>
        since >= 4_008 && since < 10_200 ? ([since, { ...standing, 1050: 66 }] as const) : ([since, standing] as const),
      );
      assert.deepEqual(judged({ target: stays }).mirrorDelay?.changes, 1);
    });

    it('calls a dead process that is still named a ghost, not a wrong leader', () => {
      const processes = { ...dual.processes, 1: { master: 'm1', from: -500, to: 8_000 } };
      const source: History = [...dual.source.slice(0, 4), [8_400, { 53: 3, 54: 4 }], [10_300, {}]];
      const run = { processes, source, elected: { 1: -300, 3: 8_410, 12: 12_000 } };
      const verdicts = judged({ ...run, target: between(9_000, 10_200, { 53: 3, 54: 4 }) });
      assert.deepEqual([verdicts.reasons, verdicts.wrongLeaderMs], [[], 0]);
      assert.equal(verdicts.mirrorDelay?.maxMs, 600);
    });

    it('calls a dead standby a ghost, too, which source never named', () => {
      assert.equal(judged({ target: between(6_100, 6_400, { 52: 2 }) }).wrongLeaderMs, 0);
    });

    it('lets target follow within the mirror delay when source’s leader changes while both live', () => {
      const source: History = [...dual.source.slice(0, 4), [9_000, { 53: 3, 54: 4 }], [10_300, {}]];
      const run = { ...dual, source, target: between(9_150, 10_200, { 53: 3, 54: 4 }) };
      const { journal, watch } = recordsOf({ ...run, elected: { 1: -300, 3: 9_001, 12: 12_000 } });
      const verdicts = judge({ journal: [...journal, says(8_990, 'm1', 1, 'conceded')], watch });
      assert.equal(verdicts.wrongLeaderMs, 0);
    });

    it('takes the new leader for right behind the barrier, even while source still shows the dead', () => {
      const source: History = [...dual.source.slice(0, 4), [15_000, {}]];
      assert.equal(judged({ source }).wrongLeaderMs, 0);
    });
  });

  describe('on the window', () => {
    const figures = (change: Partial<Run> = {}) => {
      const { leaderlessMs, coordinationMs, lastAgentMs } = judged(change);
      return { leaderlessMs, coordinationMs, lastAgentMs };
    };
    const forward = { leaderlessMs: 2_000, coordinationMs: 2_003, lastAgentMs: 2_700 };

    it('measures it although target had named the old leader through its mirror', () => {
      assert.deepEqual(figures(), forward);
    });

    it('does not take a failover in source for it, before the publication or during it', () => {
      const processes = { ...dual.processes, 9: { master: 'm3', from: -600, to: 300 } };
      const source: History = [[0, { 50: 9, 51: 1, 52: 2 }], [400, { 51: 1, 52: 2 }], ...dual.source.slice(1)];
      const before = { processes, source, elected: { 9: -590, 1: 450, 12: 12_000 } };
      assert.deepEqual(figures(before), forward);
    });

    it('does not take a stray leader in target for it, nor the loss of all masters in source', () => {
      const stray = { ...dual.processes, 66: { master: 'm4', from: 8_900, to: 9_300 } };
      const strayed: History = [
        ...dual.target.slice(0, 5),
        [9_010, { 7: 66, 51: 1 }],
        [9_400, { 51: 1, 53: 3, 54: 4 }],
        ...dual.target.slice(5),
      ];
      assert.deepEqual(
        figures({ processes: stray, target: strayed, elected: { ...dual.elected, 66: 9_020 } }),
        forward,
      );

      const again = { 55: 21, 56: 22, 57: 23 };
      const source: History = [...dual.source.slice(0, 4), [8_300, {}], [8_500, again], [10_300, {}]];
      const target: History = [...dual.target.slice(0, 5), [8_305, {}], [8_504, again], ...dual.target.slice(5)];
      const processes: Processes = {
        ...dual.processes,
        1: { master: 'm1', from: -500, to: 8_000 },
        3: { master: 'm3', from: 3_900, to: 8_000 },
        4: { master: 'm2', from: 6_900, to: 8_000 },
        21: { master: 'm1', from: 8_100, to: 10_000 },
        22: { master: 'm2', from: 8_100, to: 10_010 },
        23: { master: 'm3', from: 8_100, to: 10_020 },
      };
      const elected = { 1: -300, 21: 8_510, 12: 12_000 };
      const verdicts = judged({ source, target, processes, elected });
      assert.deepEqual([verdicts.leaderlessMs, verdicts.coordinationMs], [2_000, 2_003]);
    });

    it('measures a window that turned back, without coordination through target', () => {
      const source: History = [...dual.source, [12_000, { 60: 12, 61: 11, 62: 13 }]];
      const target: History = [...dual.target.slice(0, 6), [12_200, { 60: 12, 61: 11, 62: 13 }]];
      const verdicts = judged({ source, target });
      assert.deepEqual(verdicts.reasons, []);
      assert.deepEqual(figures({ source, target }), { leaderlessMs: 2_000, coordinationMs: null, lastAgentMs: 2_700 });
    });
  });

  describe('stays out of strategy observers', () => {
    const observers: Run = {
      // The stopped leader's znode goes first; then source's own servers show the ghosts of masters that live.
      source: [
        [0, { 3: 1, 4: 2, 5: 3 }],
        [12_500, { 4: 2, 5: 3 }],
        [18_000, {}],
      ],
      target: [
        [0, {}],
        [12_000, { 0: 3 }],
        [12_200, { 0: 3, 1: 2, 2: 11 }],
      ],
      processes: {
        1: { master: 'm1', from: -500, to: 10_000 },
        2: { master: 'm2', from: -400 },
        3: { master: 'm3', from: -300 },
        11: { master: 'm1', from: 11_000 },
      },
      elected: { 1: -200, 3: 12_000 },
    };

    it('whose source names living masters as ghosts after the window', () => {
      const verdicts = judge(recordsOf(observers));
      assert.deepEqual([verdicts.wrongLeaderMs, verdicts.mirrorDelay, verdicts.reasons], [0, null, []]);
      assert.equal(verdicts.coordinationMs, 2_003);
      assert.deepEqual(judge({ ...recordsOf(observers), strategy: 'observers' }).reasons, []);
    });

    it('even where target hands out the very numbers of the ghosts', () => {
      const target: History = [
        [0, {}],
        [12_000, { 4: 3, 5: 2 }],
      ];
      const { wrongLeaderMs, mirrorDelay } = judge(recordsOf({ ...observers, target }));
      assert.deepEqual([wrongLeaderMs, mirrorDelay], [0, null]);
    });

    it('whose target names living masters as ghosts after a way back', () => {
      const back: Run = {
        ...observers,
        source: [...observers.source.slice(0, 1), [12_000, { 6: 3, 7: 2, 8: 11 }]],
        target: [
          [0, { 0: 2, 1: 3 }],
          [18_000, {}],
        ],
      };
      const verdicts = judge(recordsOf(back));
      assert.deepEqual([verdicts.wrongLeaderMs, verdicts.mirrorDelay, verdicts.passed], [0, null, true]);
    });
  });
});
