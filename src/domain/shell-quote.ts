/**
 * One word of a POSIX shell, whatever it holds: in single quotes, with `'` spelled `'\''`.
 * @throws RangeError for a NUL byte, which no shell word can hold
 */
export function shq(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL byte');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
