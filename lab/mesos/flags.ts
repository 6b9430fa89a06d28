import { readFileSync } from 'node:fs';
import { formatDuration, parseDuration, scaled } from './duration.js';

/** One flag of a Mesos binary, by its real names. */
export interface FlagSpec {
  readonly kind: 'string' | 'number' | 'bool' | 'duration';
  /** Older name that is still accepted; `/flags` then reports the name that was used. */
  readonly alias?: string;
  /** Default as on the command line; durations are scaled by the test factor. Absent: no default. */
  readonly default?: string;
  /** The text stays as given although it starts with `file://`: a later reader resolves it (M 5.4). */
  readonly keepsFileUrl?: boolean;
  /** Says what is wrong with a parsed value, null when nothing is. */
  readonly check?: (value: string | number | boolean) => string | null;
}

export class FlagError extends Error {}

/** Values of a process's flags. */
export class Flags {
  constructor(
    readonly specs: Readonly<Record<string, FlagSpec>>,
    /** Canonical name → parsed value, and the name under which it was given. */
    readonly values: ReadonlyMap<string, { value: string | number | boolean; text: string; effectiveName: string }>,
  ) {}

  string(name: string): string | null {
    const value = this.values.get(name)?.value;
    return value === undefined ? null : String(value);
  }

  number(name: string): number {
    return Number(this.values.get(name)?.value ?? Number.NaN);
  }

  durationMs(name: string): number {
    return this.number(name);
  }

  bool(name: string): boolean {
    return this.values.get(name)?.value === true;
  }

  /** As `/flags` shows them: every value a string, under the name that was used. */
  shown(): Record<string, string> {
    const rows = [...this.values.values()].map(({ effectiveName, text }) => [effectiveName, text] as const);
    return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/**
 * Reads flags as stout's FlagsBase does: `--name=value`, `--name`, `--no-name`, values from
 * `file://PATH`, `MESOS_NAME` in the environment below the command line, duplicates refused.
 *
 * @throws FlagError with Mesos' text.
 */
export function parseFlags(
  specs: Readonly<Record<string, FlagSpec>>,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Flags {
  const values = new Map<string, { value: string | number | boolean; text: string; effectiveName: string }>();
  const seenOnCommandLine = new Map<string, string>();
  for (const argument of argv) {
    const { name, value } = splitArgument(argument, specs);
    const canonical = canonicalName(name, specs);
    if (canonical === null) throw new FlagError(`Failed to load unknown flag '${name}'`);
    const earlier = seenOnCommandLine.get(canonical);
    if (earlier !== undefined) throw new FlagError(`Flag '${name}' is already loaded via name '${earlier}'`);
    seenOnCommandLine.set(canonical, name);
    values.set(canonical, load(specs[canonical]!, name, value));
  }
  for (const [key, value] of Object.entries(env)) {
    if (!key.startsWith('MESOS_') || value === undefined) continue;
    const name = key.slice('MESOS_'.length).toLowerCase();
    const canonical = canonicalName(name, specs);
    if (canonical !== null && !values.has(canonical)) values.set(canonical, load(specs[canonical]!, name, value));
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (values.has(name) || spec.default === undefined) continue;
    const parsedMs = spec.kind === 'duration' ? parseDuration(spec.default) : null;
    const text = parsedMs === null ? spec.default : formatDuration(scaled(parsedMs));
    values.set(name, load(spec, name, text));
  }
  return new Flags(specs, values);
}

function splitArgument(argument: string, specs: Readonly<Record<string, FlagSpec>>): { name: string; value: string } {
  if (!argument.startsWith('--')) throw new FlagError(`Failed to load unknown flag '${argument}'`);
  const equals = argument.indexOf('=');
  if (equals >= 0) return { name: argument.slice(2, equals), value: argument.slice(equals + 1) };
  const bare = argument.slice(2);
  const negated = bare.startsWith('no-') ? bare.slice(3) : null;
  const canonical = canonicalName(negated ?? bare, specs);
  if (canonical !== null && specs[canonical]!.kind !== 'bool') {
    throw new FlagError(
      negated !== null
        ? `Failed to load non-boolean flag '${negated}' via '--no-${negated}'`
        : `Failed to load non-boolean flag '${bare}': Missing value`,
    );
  }
  return negated !== null ? { name: negated, value: 'false' } : { name: bare, value: 'true' };
}

function canonicalName(name: string, specs: Readonly<Record<string, FlagSpec>>): string | null {
  if (name in specs) return name;
  return Object.entries(specs).find(([, spec]) => spec.alias === name)?.[0] ?? null;
}

function load(
  spec: FlagSpec,
  name: string,
  given: string,
): { value: string | number | boolean; text: string; effectiveName: string } {
  let text = given;
  if (given.startsWith('file://') && spec.keepsFileUrl !== true) {
    try {
      text = readFileSync(given.slice('file://'.length), 'utf8').trim();
    } catch (cause) {
      throw new FlagError(`Failed to load flag '${name}': Failed to read file '${given}': ${(cause as Error).message}`);
    }
  }
  const value = parseValue(spec, name, text);
  const problem = spec.check?.(value) ?? null;
  if (problem !== null) throw new FlagError(`Invalid value '${text}' for --${name}: ${problem}`);
  const shown = given.startsWith('file://') && spec.keepsFileUrl === true ? given.slice('file://'.length) : text;
  return { value, text: shown, effectiveName: name };
}

function parseValue(spec: FlagSpec, name: string, text: string): string | number | boolean {
  switch (spec.kind) {
    case 'string':
      return text;
    case 'bool':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      throw new FlagError(`Failed to load flag '${name}': Expecting a boolean (e.g., true or false)`);
    case 'number': {
      const value = Number(text);
      if (text !== '' && Number.isFinite(value)) return value;
      throw new FlagError(`Failed to load flag '${name}': Failed to convert '${text}' to number`);
    }
    case 'duration': {
      const value = parseDuration(text);
      if (value !== null) return value;
      throw new FlagError(`Failed to load flag '${name}': Invalid duration '${text}'`);
    }
  }
}
