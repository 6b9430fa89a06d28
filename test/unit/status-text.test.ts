import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describeStatus, oneLine } from '../../src/cli/status-text.js';
import { frame } from '../../src/cli/watch/frame.js';
import { cancelledStatus } from '../../src/domain/cancelled.js';
import { atGate, inTheWindow, onTheMove, stranded } from '../fakes/statuses.js';
import { status as migrated } from '../fakes/reports.js';

const now = new Date('2026-01-01T00:10:00.000Z');
const all = { atGate, inTheWindow, onTheMove, stranded, migrated };

function text(status: typeof atGate): string {
  return stripVTControlCharacters(describeStatus(status, { columns: 80, now }));
}

describe('the status for people', () => {
  it('says in one line where it stands and what it waits for', () => {
    assert.equal(oneLine(onTheMove), 'lab  running  move-agents  4 of 10, 1 failed, about 3.0 min left');
    assert.match(oneLine(atGate), /^lab {2}awaiting-approval {2}gate cut-over {2}waits for approval of gate cut-over/);
  });

  it('fits 80 columns, whatever it says', () => {
    for (const [name, status] of Object.entries(all)) {
      for (const line of text(status).split('\n')) assert.ok(line.length <= 80, `${name}: ${line}`);
    }
  });

  it('tells how long phases took, why it waits and for how long, and what to type with either program', () => {
    const said = text(atGate);
    assert.match(said, /^ {2}move-agents +done +60\.0 s$/m);
    assert.match(said, /^ {2}gate cut-over +running +4\.0 min so far$/m);
    assert.match(said, /^since +2026-01-01T00:06:00.000Z \(4\.0 min ago\)$/m);
    assert.match(said, /^rollback +possible, about 40\.0 s: /m);
    assert.match(said, /^ {2}zkferry approve lab --gate cut-over/m);
    assert.match(said, /^ {2}temporal workflow update execute --workflow-id zkferry-lab/m);
  });

  it('shows an open window against its budget, with the time that is left', () => {
    assert.match(
      text(inTheWindow),
      /^window +budget 75\.0 s, forecast 21\.0 s, opened \S+Z,\n? +turns back in 20\.0\s+s$/m,
    );
  });

  it('names the next command also where nothing is waited for', () => {
    assert.match(text(onTheMove), /next\n {2}zkferry watch lab\n {2}temporal workflow query --workflow-id zkferry-lab/);
    assert.match(text(stranded), /next\n {2}zkferry doctor CLUSTER\.yaml\n/);
    assert.ok(!text(migrated).includes('next'));
    const cancelled = text(cancelledStatus(atGate, '2026-01-01T00:08:00.000Z'));
    assert.match(cancelled, /^lab \(observers\): cancelled, phase gate cut-over$/m);
    assert.match(cancelled, /^rollback +not possible: it was cancelled before it had written anything$/m);
    assert.match(cancelled, /^ {2}gate cut-over +undone +2\.0 min$/m);
    assert.ok(!/next|waits/.test(cancelled), cancelled);
  });
});

describe('the live view', () => {
  const view = (status: typeof atGate, rows: number, columns = 80, away: string | null = null): string[] =>
    frame(status, { columns, rows, now, away }).map(stripVTControlCharacters);

  it('fits a terminal of 80 columns and 24 lines, and smaller ones', () => {
    const long = {
      ...atGate,
      timeline: Array.from({ length: 60 }, (_, n) => ({
        ...atGate.timeline[0],
        phase: `phase ${String(n)}`,
      })) as typeof atGate.timeline,
    };
    for (const status of [...Object.values(all), long]) {
      for (const [rows, columns] of [
        [23, 80],
        [23, 40],
        [9, 60],
      ] as const) {
        const lines = view(status, rows, columns);
        assert.ok(lines.length <= rows, `${String(lines.length)} lines:\n${lines.join('\n')}`);
        // A command is never cut: a hash may stand out of a very narrow terminal.
        for (const line of lines.slice(0, lines.indexOf('next') + 1 || undefined))
          assert.ok(line.length <= columns, line);
      }
    }
    const phases = view(long, 23).filter((line) => line.startsWith('  phase'));
    assert.ok(phases.length > 2 && phases.at(-1)?.startsWith('  phase 59'), 'the latest phases are shown');
  });

  it('shows state, progress, window, rollback, phases, why it waits and whole commands', () => {
    const lines = view(atGate, 23).join('\n');
    for (const said of [
      'awaiting-approval',
      'UTC',
      'budget 75.0 s',
      'possible, about 40.0 s',
      'move-agents',
      'waits',
      '--plan-hash',
    ])
      assert.ok(lines.includes(said), `${said} in\n${lines}`);
    assert.match(view(onTheMove, 23).join('\n'), /\[########\.+\] 4 of 10, 1 failed/);
    assert.match(view(onTheMove, 23).join('\n'), /INCIDENT i1 FERRY_STRAGGLERS on a3/);
  });

  it('says that nobody answers, beside what was seen last', () => {
    const lines = view(onTheMove, 23, 80, 'no Temporal server answers at 127.0.0.1:7233').join('\n');
    assert.match(lines, /AWAY +no Temporal server answers at 127\.0\.0\.1:7233; watching goes on/);
    assert.match(lines, /4 of 10/);
  });
});
