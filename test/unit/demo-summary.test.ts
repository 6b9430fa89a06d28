import assert from 'node:assert/strict';
import type { Verdicts } from '../../lab/contract.js';
import { summary } from '../../lab/demo/summary.js';
import { verdicts, status } from '../fakes/reports.js';

const memory = { rssBytes: 2 ** 20, pssBytes: null, processes: 1 };
const printed = (strategy: string, change: Partial<Verdicts> = {}): string =>
  summary({ ...status, strategy }, { ...verdicts, ...change }, { lab: memory, worker: memory });

describe('summary of the demo', () => {
  it('tells of mirrors under dual publishing alone', () => {
    assert.match(printed('dual-publishing'), /mirror delay +p50 3 ms, p99 8\.1 ms, max 12 ms in 200 changes\n/);
    assert.match(printed('dual-publishing'), /wrong leader in target never\n/);
    assert.match(printed('dual-publishing', { wrongLeaderMs: 203.4 }), /wrong leader in target for 203 ms\n/);
    assert.doesNotMatch(printed('observers'), /mirror|wrong leader/);
  });

  it('tells nothing published from nothing changed', () => {
    assert.match(printed('dual-publishing', { mirrorDelay: null }), /mirror delay +unknown: nothing was published/);
    const still = { changes: 0, p50Ms: null, p99Ms: null, maxMs: null };
    assert.match(printed('dual-publishing', { mirrorDelay: still }), /mirror delay +no contender came or went/);
  });

  it('draws the window on one line whatever the strategy', () => {
    for (const strategy of ['observers', 'dual-publishing']) {
      assert.match(printed(strategy), /\|-+\+*\.+\| budget 75000 ms: leader after 2100 ms, last agent after 3000 ms/);
    }
  });
});
