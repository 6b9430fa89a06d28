import { Argument, Command } from 'commander';
import { printJson, printLine, withJson } from './output.js';
import { SCHEMAS } from './schemas/index.js';

/** `schema`: the JSON Schemas of what goes in and of what `--json` prints. */
export function schemaCommand(): Command {
  return withJson(new Command('schema'))
    .description('print a JSON Schema (draft 2020-12): of the config, or of what a verb prints with --json')
    .addArgument(
      new Argument('[name]', "the config's, which the workflow's input follows, too, or one of the others")
        .choices(Object.keys(SCHEMAS))
        .default('config'),
    )
    .option('--list', 'print the names instead')
    .action((name: string, { list, json }: { readonly list?: true; readonly json?: true }) => {
      if (!list) printJson(SCHEMAS[name]?.());
      else if (json) printJson(Object.keys(SCHEMAS));
      else for (const each of Object.keys(SCHEMAS)) printLine(each);
    });
}
