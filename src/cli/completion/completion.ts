import { Argument, Command } from 'commander';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { verbTree } from './tree.js';
import { zshCompletion } from './zsh.js';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `completion`: what a shell needs to complete verbs, options, words to choose from and files. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script that lets a shell complete zkferry: source <(zkferry completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .action((shell: keyof typeof SHELLS, _options: unknown, command: Command) => {
      process.stdout.write(SHELLS[shell](verbTree(command.parent ?? command)));
    });
}
