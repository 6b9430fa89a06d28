import { Command } from 'commander';
import { configJsonSchema } from '../config/shape.js';
import { printJson, withJson } from './output.js';

/** `schema`: the JSON Schema of the config and of the workflow's input. */
export function schemaCommand(): Command {
  return withJson(new Command('schema'))
    .description("print the JSON Schema of the config, which the workflow's input follows, too")
    .action(() => {
      printJson(configJsonSchema());
    });
}
