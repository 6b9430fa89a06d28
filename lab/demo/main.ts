import { FerryError } from '../../src/domain/errors.js';
import { demoCommand } from './command.js';

try {
  await demoCommand().parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof FerryError) process.stderr.write(`${error.remedy}\n`);
  process.exitCode = 1;
}
