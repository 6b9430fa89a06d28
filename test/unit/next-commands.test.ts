import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { foldCommand } from '../../src/cli/fold.js';
import { nextSteps } from '../../src/cli/next-steps.js';
import { buildProgram } from '../../src/cli/program.js';
import { approval, commandsFor, decision, type Move, RESUME, ROLLBACK } from '../../src/domain/moves.js';
import { type DecisionAction, MIGRATION_STATES, type MigrationStatus } from '../../src/domain/status.js';
import { refusal, refusalsOf, waitsForEverything } from '../cli/refusals.js';
import { atGate } from '../fakes/statuses.js';

const planHash = '0123456789abcdef'.repeat(4);
const offers: readonly (readonly DecisionAction[])[] = [
  ['retry', 'rollback'],
  ['retry', 'skip'],
  ['retry', 'skip', 'rollback'],
];
/** All that a migration may wait for, with whatever would be taken then. */
const waits: readonly { readonly moves: readonly Move[]; readonly view: ReturnType<typeof waitsForEverything> }[] = [
  ...(['begin', 'cut-over', 'complete'] as const).map((gate) => ({
    moves: [approval(gate, planHash)],
    view: waitsForEverything(gate, planHash),
  })),
  ...offers.map((actions) => ({
    moves: actions.map((action) => decision({ id: 'i1', host: 'a3' }, action)),
    view: waitsForEverything('begin', planHash, actions),
  })),
  { moves: [RESUME], view: waitsForEverything('begin', planHash) },
  { moves: [ROLLBACK], view: waitsForEverything('begin', planHash) },
];

/** The words of one command as sh takes them; it must be one command, and nothing else may run. */
function wordsOf(line: string): string[] {
  const parsed = spawnSync('sh', ['-n', '-c', line], { encoding: 'utf8' });
  assert.equal(parsed.status, 0, `${line}\n${parsed.stderr}`);
  const told = `told() { for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\0'; }`;
  const script = `PATH=; ${told}\nzkferry() { told zkferry "$@"; }\ntemporal() { told temporal "$@"; }\n${line}`;
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  assert.equal(stderr, '', line);
  const commands = stdout.split('\0\0').filter((command) => command !== '');
  assert.equal(commands.length, 1, line);
  return commands[0]?.split('\0') ?? [];
}

/** Every kind of status, with the state that its wait has. */
function statuses(): { status: MigrationStatus; view: ReturnType<typeof waitsForEverything> }[] {
  return ['observers', 'dual-publishing'].flatMap((strategy) =>
    MIGRATION_STATES.flatMap((state) => {
      const free = { status: { ...atGate, strategy, state, waitingFor: null }, view: waitsForEverything('begin', '') };
      const waiting = waits.map(({ moves, view }) => {
        const next = commandsFor('lab', moves);
        return { status: { ...atGate, strategy, state, waitingFor: { what: '', since: '', next } }, view };
      });
      return [free, ...waiting];
    }),
  );
}

describe('the next commands', function () {
  this.timeout(60_000);

  it('are each one whole command that can be pasted, in every state of every strategy', async () => {
    const program = await buildProgram(['node', 'zkferry']);
    const tried = new Set<string>();
    for (const { status, view } of statuses()) {
      for (const line of nextSteps(status)) {
        if (tried.has(line)) continue;
        tried.add(line);
        const words = wordsOf(line);
        // As a narrow terminal shows it, it is the same.
        assert.deepEqual(wordsOf(foldCommand(line, { columns: 40, head: '  ' }).join('\n')), words);
        if (words[0] === 'zkferry') assert.equal(await refusal(program, words.slice(1)), null, line);
        else assertTaken(words, view, line);
      }
    }
    assert.equal(tried.size, 20, [...tried].join('\n'));
  });

  it('are refused by this test where a shell would take them for something else', async () => {
    assert.throws(() => wordsOf('zkferry decide lab --incident i1 --action retry|skip --by NAME'));
    assert.throws(() => wordsOf(`zkferry resume 'lab`));
    const program = await buildProgram(['node', 'zkferry']);
    assert.notEqual(await refusal(program, wordsOf('zkferry decide lab --incident i1').slice(1)), null);
    const { view } = waits[0] ?? { view: waitsForEverything('begin', planHash) };
    const stale = ['temporal', 'workflow', 'update', 'execute', '--name', 'approve', '--input', '{"gate":"begin"}'];
    assert.throws(() => assertTaken(stale, view, ''));
  });

  it('offer each choice with either program, and the UI the same messages', () => {
    const lines = commandsFor(
      'lab',
      (offers[2] ?? []).map((action) => decision({ id: 'i1', host: null }, action)),
    ).split('\n');
    for (const action of offers[2] ?? []) {
      assert.ok(lines.includes(`zkferry decide lab --incident i1 --action ${action} --by NAME`));
      assert.ok(
        lines.includes(
          `temporal workflow update execute --workflow-id zkferry-lab --name decide --input '{"incident":"i1","action":"${action}","by":"NAME"}'`,
        ),
      );
    }
    assert.equal(
      commandsFor('lab', [RESUME]),
      `zkferry resume lab --by NAME\ntemporal workflow update execute --workflow-id zkferry-lab --name resume --input '{"by":"NAME"}'`,
    );
  });
});

/** An update would be taken by a migration that waits like this; everything else only reads. */
function assertTaken(words: readonly string[], view: ReturnType<typeof waitsForEverything>, line: string): void {
  const value = (option: string): string => words[words.indexOf(option) + 1] ?? '';
  if (words[2] !== 'update') {
    assert.ok(['query', 'show'].includes(words[2] ?? ''), line);
    return;
  }
  assert.deepEqual(words.slice(1, 4), ['workflow', 'update', 'execute']);
  const refuse = refusalsOf(view)[value('--name')];
  assert.ok(refuse, line);
  assert.equal(refuse(JSON.parse(value('--input')) as unknown), null, line);
}
