export type ShellWord =
  | {
      readonly ok: true;
      /** What the word expands to, or null when only a shell can tell (`$…`, backticks). */
      readonly literal: string | null;
      /** Index after the word. */
      readonly end: number;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads one word of POSIX shell at the beginning of `text`, as far as the right side of an assignment
 * needs: quotes, backslashes, `$…`, `$(…)` and backticks. An empty word is a word.
 */
export function readShellWord(text: string): ShellWord {
  let literal = '';
  let computed = false;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) break;
    if (';&|<>()'.includes(char)) return { ok: false, reason: `it goes on with ${char}` };
    if (char === "'") {
      const close = text.indexOf("'", at + 1);
      if (close < 0) return { ok: false, reason: 'a quote is not closed on the line' };
      literal += text.slice(at + 1, close);
      at = close + 1;
    } else if (char === '"') {
      const quoted = readDoubleQuoted(text, at);
      if (quoted === null) return { ok: false, reason: 'a quote is not closed on the line' };
      literal += quoted.literal;
      computed ||= quoted.computed;
      at = quoted.end;
    } else if (char === '\\') {
      if (at + 1 >= text.length) return { ok: false, reason: 'it goes on in the next line' };
      literal += text.charAt(at + 1);
      at += 2;
    } else if (char === '`' || char === '$') {
      const end = skipSubstitution(text, at);
      if (end === null) return { ok: false, reason: 'a substitution is not closed on the line' };
      computed = true;
      at = end;
    } else {
      literal += char;
      at += 1;
    }
  }
  return { ok: true, literal: computed ? null : literal, end: at };
}

function readDoubleQuoted(text: string, open: number): { literal: string; computed: boolean; end: number } | null {
  let literal = '';
  let computed = false;
  for (let at = open + 1; at < text.length;) {
    const char = text.charAt(at);
    if (char === '"') return { literal, computed, end: at + 1 };
    if (char === '\\' && at + 1 < text.length) {
      const next = text.charAt(at + 1);
      literal += '"\\$`'.includes(next) ? next : `\\${next}`;
      at += 2;
    } else if (char === '`' || char === '$') {
      const end = skipSubstitution(text, at);
      if (end === null) return null;
      computed = true;
      at = end;
    } else {
      literal += char;
      at += 1;
    }
  }
  return null;
}

/** Index after a substitution that begins at `at`; null when it is not closed. */
function skipSubstitution(text: string, at: number): number | null {
  const closers: Readonly<Record<string, string>> = { '(': ')', '{': '}' };
  const open = text.charAt(at) === '`' ? '`' : text.charAt(at + 1);
  if (open === '`') {
    const close = text.indexOf('`', at + 1);
    return close < 0 ? null : close + 1;
  }
  const closer = closers[open];
  if (closer === undefined) return at + 1;
  let depth = 0;
  for (let index = at + 1; index < text.length; index += 1) {
    if (text.charAt(index) === open) depth += 1;
    else if (text.charAt(index) === closer && --depth === 0) return index + 1;
  }
  return null;
}

/** The value as one word that a shell and systemd's `EnvironmentFile` read alike. */
export function quoteShellWord(value: string): string {
  if (/^[A-Za-z0-9_@%+=:,./[\]-]+$/.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  return `"${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
}
