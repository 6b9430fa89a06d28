import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cut, fold, foldCommand } from '../../src/cli/fold.js';
import { signalLine, startLine, updateLine } from '../../src/domain/temporal-line.js';

const planHash = 'ab'.repeat(32);

/** The words as a shell takes them apart. */
function words(command: string): string[] {
  const { stdout, stderr } = spawnSync('bash', ['-c', `set -- ${command}\nprintf '%s\\n' "$@"`], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.trimEnd().split('\n');
}

describe('lines that fit a terminal', () => {
  it('break prose between words and indent what follows below the head', () => {
    assert.deepEqual(fold('one two three four', { columns: 14, head: 'what  ' }), [
      'what  one two',
      '      three',
      '      four',
    ]);
    assert.deepEqual(fold('first\nsecond', { columns: 20, head: '- ' }), ['- first', '  second']);
    assert.deepEqual(fold(planHash, { columns: 40 }), [planHash]);
    assert.equal(cut('abcdef', 4), 'abc…');
  });

  it('break commands so that a shell still reads the same words', () => {
    const commands = [
      `zkferry approve production --gate cut-over --plan-hash ${planHash} --by NAME`,
      updateLine('zkferry-production', 'approve', {
        gate: 'cut-over',
        by: 'NAME',
        planHash,
        note: 'at night, with care',
      }),
      signalLine('zkferry-production', 'rollback', { by: "O'Neill", reason: 'x'.repeat(70) }),
      startLine('zkferry-production', 'zkferry', 'input.json'),
    ];
    for (const command of commands) {
      const lines = foldCommand(command, { columns: 80, head: '  ' });
      assert.deepEqual(words(lines.join('\n')), words(command));
      if (!command.includes("'\\''"))
        assert.ok(
          lines.every((line) => line.length <= 80),
          lines.join('\n'),
        );
    }
  });
});
