import { Command } from 'commander';
import { printJson, withJson } from './output.js';
import { readConfig } from './read-config.js';

/** `input`: the JSON that starts the workflow, for `temporal workflow start --input-file`. */
export function inputCommand(): Command {
  return withJson(new Command('input'))
    .description('print the JSON input of the workflow, for temporal workflow start --input-file')
    .argument('[config]', 'the config', 'cluster.yaml')
    .action(async (file: string) => {
      printJson((await readConfig(file)).raw);
    });
}
