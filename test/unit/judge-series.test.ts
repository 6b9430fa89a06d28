import assert from 'node:assert/strict';
import type { JournalRecord, WatchRecord } from '../../lab/contract.js';
import { watchedOf } from '../../lab/watched.js';
import { claim, cluster, EPOCH, exits, on, says, znode } from '../fakes/judge-records.js';

/** m1 leads for ten seconds, then nobody for two, then m2; target names m2 alone. */
function aWindow(): { journal: JournalRecord[]; watch: WatchRecord[] } {
  const journal = [
    says(-500, 'm1', 1, 'started'),
    says(-400, 'm1', 1, 'elected'),
    says(-300, 'm2', 2, 'started'),
    exits(10_000, 'm1', 1),
    says(12_000, 'm2', 2, 'elected'),
  ];
  const watch: WatchRecord[] = [];
  for (let t = 0; t <= 20_000; t += 100) {
    watch.push(claim(t, 'm2', t >= 12_000, 2), claim(t, 'm1', t < 10_000, 1));
    // One server of source is cut off for a while, the other is not.
    const known = t < 4_000 || t > 6_000 ? 'id-1' : null;
    watch.push(znode(t, 's1', 'source', known), znode(t + 7, 's2', 'source', 'id-1'));
    watch.push(znode(t, 't1', 'target', t >= 12_000 ? 'id-2' : null));
    if (t % 1_000 !== 0) continue;
    watch.push({ ...on(t), kind: 'heartbeat', watcher: 'leaders', pid: 9, event: 'alive' });
    if (t < 10_000) watch.push(cluster(t, 'm1'));
    else if (t < 13_000) watch.push({ ...cluster(t, 'm2'), leader: null, activeAgentIds: [] });
    else watch.push(cluster(t, 'm2'));
  }
  return { journal, watch };
}

describe('what watchers saw over time', () => {
  const { watched } = watchedOf({ ...aWindow(), range: { from: 0, to: 20_000 } });
  const since = (at: string) => Date.parse(at) - EPOCH;

  it('tells who led by the journals, and whom each ensemble named, in one stretch while any server named it', () => {
    const stretches = (watched.seen?.leaders ?? []).map(({ view, master, from, to }) => [
      view,
      master,
      since(from),
      since(to),
    ]);
    assert.deepEqual(stretches, [
      ['leads', 'm1', 0, 10_000],
      ['leads', 'm2', 12_000, 20_000],
      ['source', 'm1', 3, 20_000],
      ['target', 'm2', 12_003, 20_000],
    ]);
  });

  it('counts registered agents at every change', () => {
    assert.deepEqual(
      watched.seen?.agents.map(({ at, registered }) => [since(at), registered]),
      [
        [0, 1],
        [10_000, 0],
        [13_000, 1],
      ],
    );
  });

  it('dates the end of the old leader, from which the figures of the window count', () => {
    assert.equal(since(watched.window.leaderGoneAt ?? ''), 10_000);
    assert.equal(watched.window.leaderlessMs, 2_000);
  });

  it('has nothing to show where nobody wrote anything', () => {
    assert.equal(watchedOf({ journal: [], watch: [] }).watched.seen, null);
  });
});
