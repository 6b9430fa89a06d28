import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** What is typed, and among what stands there to be chosen. */
const cases: readonly (readonly [typed: string, offered: readonly string[], not?: readonly string[]])[] = [
  ['zkferry wat', ['watch']],
  ['zkferry se', ['setPace', 'set-pace']],
  ['zkferry lab ', ['up', 'down'], ['init']],
  ['zkferry lab up --str', ['--strategy']],
  ['zkferry lab up --strategy ', ['observers', 'dual-publishing'], ['up', 'cluster.yaml']],
  ['zkferry decide lab --action ', ['retry', 'skip', 'rollback'], ['cluster.yaml']],
  ['zkferry approve --ga', ['--gate'], ['--action']],
  ['zkferry completion ', ['bash', 'zsh', 'fish']],
  ['zkferry validate clu', ['cluster.yaml']],
  ['zkferry lab down --dir fol', ['folder/']],
];

function run(program: string, words: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', cwd, timeout: 60_000 });
  assert.equal(error, undefined);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

describe('completion', function () {
  this.timeout(60_000);
  let folder: string;
  const script = (shell: string): string => join(folder, `zkferry.${shell}`);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'zkferry-completion-'));
    writeFileSync(join(folder, 'cluster.yaml'), '');
    run('mkdir', ['folder'], folder);
    for (const shell of ['bash', 'zsh', 'fish']) {
      writeFileSync(script(shell), run(process.execPath, [main, 'completion', shell], folder));
    }
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const offers = (shell: string, offer: (typed: string) => string[]): void => {
    for (const [typed, offered, not = []] of cases) {
      const found = offer(typed).map((word) => word.replace(/\/$/, ''));
      for (const word of offered)
        assert.ok(found.includes(word.replace(/\/$/, '')), `${shell}: ${word} after "${typed}": ${found.join(' ')}`);
      for (const word of not)
        assert.ok(!found.includes(word), `${shell}: no ${word} after "${typed}": ${found.join(' ')}`);
    }
  };

  it('offers verbs, options, words to choose from and files in bash', () => {
    offers('bash', (typed) => {
      const words = typed.split(' ');
      const code = `source ${script('bash')}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${String(words.length - 1)}; _zkferry; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return run('bash', ['-c', code], folder).split('\n');
    });
    assert.match(run('bash', ['-c', `source ${script('bash')}; complete -p zkferry`], folder), /-F _zkferry zkferry/);
  });

  it('offers them in fish', function () {
    if (!isThere('fish')) {
      this.test!.title += ' (skipped: package fish is not installed)';
      this.skip();
    }
    offers('fish', (typed) => {
      const out = run('fish', ['--no-config', '-c', `source ${script('fish')}; complete -C '${typed}'`], folder);
      return out.split('\n').map((line) => line.split('\t')[0] ?? '');
    });
  });

  it('completes them in zsh', function () {
    if (!isThere('zsh')) {
      this.test!.title += ' (skipped: package zsh is not installed)';
      this.skip();
    }
    const typed = [
      ['zkferry wat', 'zkferry watch '],
      ['zkferry lab d', 'zkferry lab down '],
      ['zkferry lab up --str', 'zkferry lab up --strategy '],
      ['zkferry lab up --strategy du', 'zkferry lab up --strategy dual-publishing '],
      ['zkferry decide lab --action sk', 'zkferry decide lab --action skip '],
      ['zkferry approve lab --ga', 'zkferry approve lab --gate '],
      ['zkferry completion f', 'zkferry completion fish '],
      ['zkferry validate clu', 'zkferry validate cluster.yaml '],
      ['zkferry lab down --dir fol', 'zkferry lab down --dir folder/'],
    ] as const;
    const read = join(folder, 'read');
    // What stands on the line after a tab is written down by a key of its own, then the line is emptied.
    const setUp = `autoload -Uz compinit; compinit -u -D; source ${script('zsh')}; note() { print -r -- "$BUFFER" >> ${read}; BUFFER= }; zle -N note; bindkey '^Xn' note; bindkey '^I' complete-word`;
    const keys = typed.map(([line]) => `zpty -w -n z ${JSON.stringify(line)}$'\\t\\C-xn'`);
    const code = [
      'zmodload zsh/zpty',
      'zpty z zsh -f -i',
      `zpty -w z ${JSON.stringify(setUp).replaceAll('$', '\\$')}`,
      ...keys,
      `zpty -w z $'\\nexit'`,
      'while zpty -r z line; do :; done',
    ].join('\n');
    run('zsh', ['-f', '-c', code], folder);
    assert.deepEqual(
      readFileSync(read, 'utf8').split('\n').slice(0, -1),
      typed.map(([, wanted]) => wanted),
    );
  });
});
