import type { Command } from 'commander';
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { demoCommand } from '../../lab/demo/command.js';
import { TASK_QUEUE } from '../../src/adapters/temporal-client.js';
import { buildProgram } from '../../src/cli/program.js';
import { queryLine, startLine, updateLine } from '../../src/domain/temporal-line.js';
import { refusal, refusalsOf, waitsForEverything } from '../cli/refusals.js';
import { currentPages, wrongIn } from '../docs/markdown.js';
import { commandsOf, shellCommands } from '../docs/shell-commands.js';

const current = currentPages();
/** In the runbook's tables commands are whole; elsewhere between backticks they may be named only. */
const withRunbook = current.map((page) =>
  page.path === 'docs/runbook.md'
    ? { ...page, blocks: page.inline.map((text) => ({ language: 'sh', name: '', text, line: 0 })) }
    : page,
);

/** Why a migration that waits for everything would not take a message. */
const REFUSALS = refusalsOf(waitsForEverything('begin', 'HASH'));

describe('the commands in documents', () => {
  it('show only commands that zkferry takes', async () => {
    const program = await buildProgram(['node', 'zkferry']);
    const wrong: string[] = [];
    let shown = 0;
    for (const { path, blocks } of withRunbook) {
      for (const block of blocks.filter(({ language }) => ['', 'sh', 'shell', 'bash'].includes(language))) {
        for (const [, ...words] of commandsOf('zkferry', block.text)) {
          shown += 1;
          const problem = await refusal(program, words);
          if (problem !== null) wrong.push(`${path}:${String(block.line)}: zkferry ${words.join(' ')}: ${problem}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(shown > 25, `${String(shown)} commands were read`);
  });

  it('show only options that the demo takes', async () => {
    const shown = current.flatMap(({ path, blocks }) =>
      blocks.flatMap(({ text }) =>
        commandsOf('npm', text)
          .filter(([, run, name]) => run === 'run' && name === 'demo')
          .map(([, , , , ...words]) => ({ path, words })),
      ),
    );
    assert.ok(shown.length > 5, `${String(shown.length)} commands were read`);
    for (const { path, words } of [...shown, { path: 'with none', words: ['--tempral', 'x'] }]) {
      const wrong = await refusal(demoCommand().exitOverride(), words);
      assert.equal(wrong !== null, path === 'with none', `${path}: ${words.join(' ')}: ${String(wrong)}`);
    }
  });

  it('refuse a command that zkferry does not take, when they are tested', async () => {
    const program = await buildProgram(['node', 'zkferry']);
    for (const line of ['zkferry aprove lab', 'zkferry approve lab --gate begin', 'zkferry worker --queue none'])
      assert.notEqual(await refusal(program, commandsOf('zkferry', line)[0]?.slice(1) ?? []), null, line);
    assert.equal(mentions(program, ['zkferry', 'start', '--takeover']), false);
  });

  it('drive a migration by Temporal as --show-temporal does', () => {
    const shown = commandsOf(
      'temporal',
      current
        .find(({ path }) => path === 'README.md')
        ?.blocks.map(({ text }) => text)
        .join('\n') ?? '',
    );
    const approve = { gate: 'begin', by: 'NAME', planHash: 'HASH' };
    for (const line of [
      startLine('zkferry-lab', TASK_QUEUE, 'input.json'),
      queryLine('zkferry-lab', 'status'),
      updateLine('zkferry-lab', 'approve', approve),
    ])
      assert.ok(
        shown.some((words) => isDeepStrictEqual(words, shellCommands(line)[0])),
        line,
      );
  });

  it('show messages that a migration takes', () => {
    const rows = [
      ...(current.find(({ path }) => path === 'docs/temporal-ui.md')?.text ?? '').matchAll(
        /^\| (`\w+`(?:, `\w+`)*) \| `(\{.*?\})`/gm,
      ),
    ];
    const said = rows.flatMap(([, names = '', json = '']) =>
      [...names.matchAll(/\w+/g)].map(([name]) => ({ name, message: JSON.parse(json) as unknown })),
    );
    assert.deepEqual(said.map(({ name }) => name).sort(), Object.keys(REFUSALS).sort());
    for (const { name, message } of said) assert.equal(REFUSALS[name]?.(message), null, name);
  });

  it('mention only verbs and options that zkferry has', async () => {
    const program = await buildProgram(['node', 'zkferry']);
    const wrong = wrongIn(current, ({ inline }) =>
      inline
        .filter((span) => /^(npx )?zkferry( |$)/.test(span))
        .filter((span) => !mentions(program, commandsOf('zkferry', span.replaceAll(/[…<>]/g, ''))[0] ?? [])),
    );
    assert.deepEqual(wrong, []);
  });
});

/** Whether verbs and long options are there; what is left out or only named needs no values. */
function mentions(program: Command, [, ...words]: readonly string[]): boolean {
  let command = program;
  for (const word of words) {
    if (word.startsWith('--')) {
      const name = word.split('=')[0];
      const isThere = command.options.some(({ long }) => long === name) || name === '--help' || name === '--version';
      if (!isThere) return false;
      continue;
    }
    const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (child !== undefined) command = child;
    else if (command.commands.length > 0) return false;
  }
  return true;
}
