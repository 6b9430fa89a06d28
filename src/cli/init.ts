import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { configJsonSchema } from '../config/shape.js';
import { FerryError } from '../domain/errors.js';
import { commandLine } from '../domain/temporal-line.js';
import { printJson, printLine, withJson } from './output.js';
import { SAMPLE_CONFIG, SCHEMA_FILE } from './sample-config.js';

class FileExistsError extends FerryError {
  readonly code = 'FERRY_FILE_EXISTS';
  readonly retryable = false;
  override readonly remedy = 'name another file, or give --force';
}

/** `init`: a commented sample config and the schema for editors beside it. */
export function initCommand(): Command {
  return withJson(new Command('init'))
    .description('write a commented sample config, and its schema for editors beside it')
    .argument('[config]', 'the file to write', 'cluster.yaml')
    .option('--force', 'overwrite the config')
    .action(init);
}

async function init(file: string, { force = false, json = false }: { force?: boolean; json?: boolean }): Promise<void> {
  await writeFile(file, SAMPLE_CONFIG, { flag: force ? 'w' : 'wx' }).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw code === 'EEXIST' ? new FileExistsError(`${file} already exists`) : cause;
  });
  const schema = join(dirname(file), SCHEMA_FILE);
  await writeFile(schema, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  if (json) printJson({ config: file, schema });
  else printLine(`wrote ${file} and ${schema}; next: edit it, then ${commandLine('zkferry', 'validate', file)}`);
}
