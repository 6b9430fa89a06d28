import assert from 'node:assert/strict';
import { approval, commandsFor, decision, type Move, RESUME } from '../../src/domain/moves.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { tellStory } from '../../workflows/story.js';
import { refusalsOf, waitsForEverything } from '../cli/refusals.js';
import { status as migrated } from '../fakes/reports.js';
import { atGate, onTheMove } from '../fakes/statuses.js';

const planHash = atGate.planHash ?? '';

function waiting(status: MigrationStatus, state: MigrationStatus['state'], moves: readonly Move[]): string {
  const waitingFor = { what: 'somebody', since: '2026-01-01T00:06:00.000Z', next: commandsFor('lab', moves) };
  return tellStory({ ...status, state, waitingFor }, moves, []);
}

/** The updates that a person in the UI finds, with the block that belongs to each. */
function updatesIn(story: string): { name: string; about: string; message: unknown }[] {
  const blocks = story.matchAll(/^\*More Actions\* › \*Send an Update\* › `(\w+)` \((.*)\):\n```json\n([^`]*)\n```$/gm);
  return [...blocks].map(([, name = '', about = '', json = '']) => ({
    name,
    about,
    message: JSON.parse(json) as unknown,
  }));
}

describe('the current details', () => {
  it('name for every wait the update and its JSON, which the migration takes, alone in a block', () => {
    const at = (gate: 'begin' | 'cut-over' | 'complete') => ({
      story: waiting(atGate, 'awaiting-approval', [approval(gate, planHash)]),
      view: waitsForEverything(gate, planHash),
      said: [`approve (gate ${gate})`, 'rollback (undoes everything)'],
    });
    const choices = (['retry', 'skip', 'rollback'] as const).map((action) =>
      decision({ id: 'i1', host: 'a3' }, action),
    );
    for (const { story, view, said } of [
      at('begin'),
      at('cut-over'),
      at('complete'),
      {
        story: waiting(onTheMove, 'awaiting-decision', choices),
        view: waitsForEverything('begin', planHash),
        said: [
          'decide (retry, for i1 on a3)',
          'decide (skip, for i1 on a3)',
          // Once, among the decisions.
          'decide (rollback, for i1 on a3)',
        ],
      },
      {
        story: waiting(onTheMove, 'paused', [RESUME]),
        view: waitsForEverything('begin', planHash),
        said: ['resume (goes on)', 'rollback (undoes everything)'],
      },
    ]) {
      const updates = updatesIn(story);
      assert.deepEqual(
        updates.map(({ name, about }) => `${name} (${about})`),
        said,
      );
      for (const { name, message } of updates) assert.equal(refusalsOf(view)[name]?.(message), null, name);
      assert.match(story, /```\nzkferry /);
    }
  });

  it('offer a rollback while the migration runs, and none once it is ordered or no longer possible', () => {
    const offered = (status: MigrationStatus) => updatesIn(tellStory(status, [], [])).map(({ name }) => name);
    assert.deepEqual(offered(onTheMove), ['rollback']);
    assert.deepEqual(offered({ ...onTheMove, state: 'rolling-back' }), []);
    assert.deepEqual(offered(migrated), []);
    const rollback = { possible: false, cost: 'gate complete was approved', estimateMs: null };
    assert.deepEqual(offered({ ...onTheMove, rollback }), []);
  });

  it('fit the frame of the UI: no hash in a sentence, the update as its form lays it out, nothing needed in the last line', () => {
    const what = `approval of gate cut-over for plan ${planHash}`;
    const moves = [approval('cut-over', planHash)];
    const story = tellStory(
      { ...atGate, waitingFor: { what, since: '2026-01-01T00:06:00.000Z', next: commandsFor('lab', moves) } },
      moves,
      ['signal approve: nonsense'],
    );
    assert.ok(story.includes(`for plan ${planHash.slice(0, 12)}…\n`), story);
    assert.ok(story.includes(`{\n  "gate": "cut-over",\n  "by": "NAME",\n  "planHash": "${planHash}"\n}`), story);
    assert.match(story, /\n\nTimes are UTC\.$/);
    assert.ok(story.indexOf('| phase |') < story.indexOf('forecast 21.0 s = '), story);
  });

  it('stay below 8 kB however long the migration has gone on', () => {
    const entry = atGate.timeline[0];
    assert.ok(entry);
    const long = {
      ...atGate,
      timeline: Array.from({ length: 500 }, () => ({ ...entry, phase: 'undo prepare-target' })),
    };
    const moves = (['retry', 'skip', 'rollback'] as const).map((action) => decision({ id: 'i99', host: 'a3' }, action));
    const [incident] = onTheMove.incidents;
    assert.ok(incident);
    const incidents = Array.from({ length: 50 }, (_, at) => ({
      ...incident,
      id: `i${String(at)}`,
      closedAt: at > 3 ? incident.openedAt : null,
    }));
    const story = waiting({ ...long, incidents }, 'awaiting-decision', moves);
    assert.ok(Buffer.byteLength(story) < 8_000, `${String(Buffer.byteLength(story))} bytes`);
    // A fence that is left open would swallow the rest of the page.
    assert.equal((story.match(/^```/gm) ?? []).length % 2, 0);
  });
});
