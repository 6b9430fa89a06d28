import pc from 'picocolors';
import { loadConfig, type ConfigFault, type LoadedConfig } from '../config/load-config.js';
import { parseInput } from '../config/parse-input.js';
import { printProse } from './output.js';
import { UsageError } from './usage-error.js';

type ValidConfig = Extract<LoadedConfig, { ok: true }>;

/** The config of a verb is invalid; its faults are in the message, one a line. */
export class InvalidConfigError extends UsageError {
  readonly code = 'FERRY_CONFIG';
  override readonly remedy = 'correct the config; zkferry schema describes it';
  constructor(readonly faults: readonly ConfigFault[]) {
    const { length } = faults;
    super(`the config has ${String(length)} ${length === 1 ? 'error' : 'errors'}\n${faults.map(faultLine).join('\n')}`);
  }
}

/** For verbs that need a valid config. @throws InvalidConfigError, which ends the program with exit code 2. */
export async function readConfig(file: string): Promise<ValidConfig> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) throw new InvalidConfigError(loaded.errors);
  return loaded;
}

/**
 * The same config with `policy.takeOver` set, as if it were written there.
 * @throws InvalidConfigError when that is no migration of this cluster
 */
export function takingOver(loaded: ValidConfig, migration: string | undefined): ValidConfig {
  if (migration === undefined) return loaded;
  const raw = { ...loaded.raw, policy: { ...loaded.raw.policy, takeOver: migration } };
  const checked = parseInput(raw);
  if (checked.ok) return { ...loaded, raw, config: checked.config };
  throw new InvalidConfigError(
    checked.errors.map(({ path, message }) => ({ file: '--take-over', line: 1, column: 1, path, message })),
  );
}

/** `file:line:column path: message (suggestion)`, which editors can jump to. */
export function faultLine({ file, line, column, path, message, suggestion }: ConfigFault): string {
  const hint = suggestion === undefined ? '' : ` (${suggestion})`;
  return `${file}:${String(line)}:${String(column)} ${path}: ${message}${hint}`;
}

export function printFaults(faults: readonly ConfigFault[]): void {
  for (const fault of faults) printProse('error ', faultLine(fault), pc.red);
  const count = `${String(faults.length)} ${faults.length === 1 ? 'error' : 'errors'}`;
  printProse('', `${count}; correct the config: zkferry schema describes every field, zkferry init writes a sample`);
}
