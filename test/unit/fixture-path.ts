import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of test/unit/fixtures, wherever this file was built to. */
export function fixturePath(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, 'test', 'unit', 'fixtures', name);
  }
  throw new Error('no package.json above the tests');
}
