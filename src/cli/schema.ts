import { Argument, Command } from 'commander';
import { configJsonSchema } from '../config/shape.js';
import { printJson, withJson } from './output.js';
import { reportJsonSchema } from './schemas/report.js';

const SCHEMAS = { config: configJsonSchema, report: reportJsonSchema } as const;

/** `schema`: the JSON Schema of the config and of the workflow's input, or of the report. */
export function schemaCommand(): Command {
  return withJson(new Command('schema'))
    .description("print the JSON Schema of the config, which the workflow's input follows, too, or of report.json")
    .addArgument(new Argument('[of]', 'what it describes').choices(Object.keys(SCHEMAS)).default('config'))
    .action((of: keyof typeof SCHEMAS) => {
      printJson(SCHEMAS[of]());
    });
}
