/** One thing wrong in a config. */
export interface Problem {
  /** Keys and indexes from the top to the place. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly suggestion?: string;
  /** True when the path's last key itself is wrong, rather than its value. */
  readonly atKey?: boolean;
}

/** `['masters', 0, 'httpPort']` → `masters[0].httpPort`; the top is `(top level)`. */
export function pathText(path: readonly (string | number)[]): string {
  if (path.length === 0) return '(top level)';
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${String(part)}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
