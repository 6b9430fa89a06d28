import { loadConfig, type LoadedConfig } from '../config/load-config.js';
import { EXIT } from './exit-codes.js';
import { exitWith, printJson } from './output.js';
import { printFaults } from './read-config.js';

/** The config of a verb; null when it is invalid, which has been said then, in JSON where that is asked for. */
export async function readOrReport(file: string, json: boolean): Promise<Extract<LoadedConfig, { ok: true }> | null> {
  const loaded = await loadConfig(file);
  if (loaded.ok) return loaded;
  exitWith(EXIT.usage);
  if (json) printJson({ ok: false, file, errors: loaded.errors });
  else printFaults(loaded.errors);
  return null;
}
