import { Command } from 'commander';
import { printJson, withJson } from './output.js';
import { readConfig, takingOver } from './read-config.js';

/** `input`: the JSON that starts the workflow, for `temporal workflow start --input-file`. */
export function inputCommand(): Command {
  return withJson(new Command('input'))
    .description('print the JSON input of the workflow, for temporal workflow start --input-file')
    .argument('[config]', 'the config', 'cluster.yaml')
    .option('--take-over <migration>', 'take over this migration, which was terminated or stranded, and go back')
    .action(async (file: string, { takeOver }: { takeOver?: string }) => {
      printJson(takingOver(await readConfig(file), takeOver).raw);
    });
}
