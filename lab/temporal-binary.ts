import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { FerryError } from '../src/domain/errors.js';
import { cacheFolder } from './cache-folder.js';

/** There is no `temporal` binary to start a server with. */
export class TemporalMissingError extends FerryError {
  readonly code = 'FERRY_LAB_TEMPORAL_MISSING';
  readonly retryable = false;
  override readonly remedy = 'node scripts/setup.mjs temporal';
  constructor(cached: string) {
    super(`no Temporal server: neither temporal on PATH nor ${cached}`);
  }
}

/**
 * Path of the `temporal` binary: the one on PATH, else the one that set-up put into the cache.
 *
 * @throws TemporalMissingError
 */
export function temporalBinary(): string {
  const cached = join(cacheFolder(), 'temporal', 'temporal');
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = [...folders.map((folder) => join(folder, 'temporal')), cached].find(isExecutable);
  if (found === undefined) throw new TemporalMissingError(cached);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
