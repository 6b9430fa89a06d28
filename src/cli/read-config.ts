import pc from 'picocolors';
import { loadConfig, type ConfigFault, type LoadedConfig } from '../config/load-config.js';
import { FerryError } from '../domain/errors.js';
import { printNote } from './output.js';

/** The config of a verb is invalid; its faults are in the message, one a line. */
export class InvalidConfigError extends FerryError {
  readonly code = 'FERRY_CONFIG';
  readonly retryable = false;
  override readonly remedy = 'correct the config; zkferry schema describes it';
  constructor(readonly faults: readonly ConfigFault[]) {
    const { length } = faults;
    super(`the config has ${String(length)} ${length === 1 ? 'error' : 'errors'}\n${faults.map(faultLine).join('\n')}`);
  }
}

/** For verbs that need a valid config. @throws InvalidConfigError, which ends the program with exit code 2. */
export async function readConfig(file: string): Promise<Extract<LoadedConfig, { ok: true }>> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) throw new InvalidConfigError(loaded.errors);
  return loaded;
}

/** `file:line:column path: message (suggestion)`, which editors can jump to. */
export function faultLine({ file, line, column, path, message, suggestion }: ConfigFault): string {
  const hint = suggestion === undefined ? '' : ` (${suggestion})`;
  return `${file}:${String(line)}:${String(column)} ${path}: ${message}${hint}`;
}

export function printFaults(faults: readonly ConfigFault[]): void {
  for (const fault of faults) printNote(`${pc.red('error')} ${faultLine(fault)}`);
}
