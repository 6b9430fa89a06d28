import { FerryError } from './errors.js';

/** A file that should hold one value and nothing else does not. The message never repeats its content. */
export class OneValueFileError extends FerryError {
  readonly code = 'FERRY_ONE_VALUE_FILE';
  readonly retryable = false;
  override readonly remedy = 'make the file hold exactly one line with the value';
}

/** The value of a one-value file such as `/etc/mesos/zk`. @throws OneValueFileError unless exactly one line has text. */
export function readOneValue(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const [line] = lines;
  if (line === undefined) throw new OneValueFileError('the file holds no value');
  if (lines.length > 1)
    throw new OneValueFileError(`the file holds ${String(lines.length)} lines instead of one value`);
  return line.trim();
}

/**
 * The same file with another value; blank lines, indentation and line ends stay. An empty file gets
 * the value and a line end.
 */
export function setOneValue(text: string, value: string): string {
  if (value === '' || value !== value.trim() || /[\r\n\0]/.test(value)) {
    throw new OneValueFileError('the new value is empty, spans lines or has space around it');
  }
  if (text.trim() === '') return `${value}\n`;
  const old = readOneValue(text);
  const at = text.indexOf(old);
  return text.slice(0, at) + value + text.slice(at + old.length);
}
