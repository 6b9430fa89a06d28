/**
 * Splits a command line or an assignment list as systemd does: white space separates, single and
 * double quotes group, a backslash keeps the next character.
 *
 * @see systemd.syntax(7), "Quoting"
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\' && i + 1 < text.length && quote !== "'") {
      word = (word ?? '') + unescape(text.charAt(++i));
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

function unescape(char: string): string {
  return char === 'n' ? '\n' : char === 't' ? '\t' : char === 's' ? ' ' : char;
}

/** Replaces `${NAME}` inside a word and `$NAME` as a whole word (split at white space), as systemd does in `ExecStart=`. */
export function expandWords(words: readonly string[], environment: Readonly<Record<string, string>>): string[] {
  return words.flatMap((word) => {
    const whole = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word);
    if (whole !== null) return splitWords(environment[whole[1] ?? ''] ?? '');
    return [
      word.replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string | undefined) =>
        name === undefined ? '$' : (environment[name] ?? ''),
      ),
    ];
  });
}
