import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.js';

/** The verbs that the contract names; `report` joins them. */
const CONTRACT = [
  ...['init', 'validate', 'preflight', 'plan', 'input', 'start', 'status', 'watch', 'approve', 'pause', 'resume'],
  ...['rollback', 'decide', 'setPace', 'doctor', 'worker', 'lab', 'schema', 'completion'],
];
/** They print no answer, or an answer that is no JSON. */
const WITHOUT_JSON = ['codec-server', 'worker', 'lab', 'completion'];

describe('the verbs of zkferry', () => {
  let program: Command;
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  before(async () => {
    program = await buildProgram(['node', 'zkferry', '--help']);
  });

  it('are those that are promised', () => {
    const names = program.commands.map((command) => command.name());
    assert.deepEqual(
      CONTRACT.filter((name) => !names.includes(name)),
      [],
    );
  });

  it('have help that fits 80 columns', () => {
    for (const command of all(program)) {
      command.configureHelp({ helpWidth: 80 });
      let text = '';
      command.configureOutput({ writeOut: (chunk) => void (text += chunk) }).outputHelp();
      for (const line of text.split('\n')) assert.ok(line.length <= 80, `${command.name()}: ${line}`);
    }
  });

  it('print JSON when they are asked to', () => {
    const without = program.commands
      .filter((command) => !command.options.some(({ long }) => long === '--json'))
      .map((command) => command.name());
    assert.deepEqual(without.sort(), [...WITHOUT_JSON].sort());
    const lab = program.commands.find((command) => command.name() === 'lab');
    assert.ok(lab?.commands.every((command) => command.options.some(({ long }) => long === '--json')));
  });

  it('say what every option and argument is for', () => {
    for (const command of all(program)) {
      for (const { long, description } of command.options)
        assert.notEqual(description, '', `${command.name()} ${long ?? ''}`);
      for (const argument of command.registeredArguments)
        assert.notEqual(argument.description, '', `${command.name()} ${argument.name()}`);
    }
  });
});
