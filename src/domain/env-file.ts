import { FerryError } from './errors.js';
import { quoteShellWord, readShellWord } from './shell-word.js';

/** An environment file is not made so that one variable can be changed safely. Never repeats a value. */
export class EnvFileError extends FerryError {
  readonly code = 'FERRY_ENV_FILE';
  readonly retryable = false;
  override readonly remedy = 'make the file assign the variable once, on a line of its own, as KEY=value';
}

export type EnvValue =
  | { readonly kind: 'absent' }
  | { readonly kind: 'literal'; readonly value: string }
  /** Computed by the shell that sources the file, for example by a cat in backticks. */
  | { readonly kind: 'computed' };

interface Assignment {
  readonly line: number;
  /** Indentation and `export`, kept as they are. */
  readonly prefix: string;
  readonly value: string | null;
}

/** What an environment file (`/etc/default/…`) assigns to a variable. @throws EnvFileError as `setEnvValue`. */
export function readEnvValue(text: string, key: string): EnvValue {
  const found = findAssignment(text.split('\n'), key);
  if (found === null) return { kind: 'absent' };
  return found.value === null ? { kind: 'computed' } : { kind: 'literal', value: found.value };
}

/**
 * The same file with another value for one variable; every other line stays byte for byte. The
 * assignment's line keeps its indentation, `export` and line end; a comment behind the value goes,
 * since systemd would take it for a part of the value. A missing variable is added as the last line.
 *
 * @throws EnvFileError when the variable is assigned more than once, by `+=`, over several lines, or
 *   on a line that does more than assign it.
 */
export function setEnvValue(text: string, key: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new EnvFileError(`the new value of ${key} spans several lines`);
  const lines = text.split('\n');
  const found = findAssignment(lines, key);
  if (found === null) {
    const gap = text === '' || text.endsWith('\n') ? '' : '\n';
    return `${text}${gap}${key}=${quoteShellWord(value)}\n`;
  }
  const end = lines[found.line]?.endsWith('\r') ? '\r' : '';
  lines[found.line] = `${found.prefix}${key}=${quoteShellWord(value)}${end}`;
  return lines.join('\n');
}

function findAssignment(lines: readonly string[], key: string): Assignment | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) throw new EnvFileError('that is no name of a variable');
  const assignment = new RegExp(`^(\\s*(?:export\\s+)?)${key}(\\+?)=(.*)$`, 's');
  const anywhere = new RegExp(`(?:^|[\\s;&|({])${key}\\+?=`, 'g');
  let found: Assignment | null = null;
  for (const [index, line] of lines.entries()) {
    if (/^\s*#/.test(line)) continue;
    const where = `line ${String(index + 1)}`;
    const occurrences = line.match(anywhere)?.length ?? 0;
    if (occurrences === 0) continue;
    const match = assignment.exec(line);
    if (match === null) throw new EnvFileError(`${where} assigns ${key} beside something else`);
    if (found !== null)
      throw new EnvFileError(`${key} is assigned in line ${String(found.line + 1)} and again in ${where}`);
    if (match[2] === '+') throw new EnvFileError(`${where} appends to ${key}`);
    const rest = match[3] ?? '';
    const word = readShellWord(rest);
    if (!word.ok) throw new EnvFileError(`${where} assigns ${key} in a way that cannot be edited: ${word.reason}`);
    if (!/^\s*$|^\s+#/.test(rest.slice(word.end))) {
      throw new EnvFileError(`${where} assigns ${key} beside something else`);
    }
    found = { line: index, prefix: match[1] ?? '', value: word.literal };
  }
  return found;
}
