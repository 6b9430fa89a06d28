/**
 * The commands of a piece of shell as lists of words, quotes taken off: enough of sh for what documents show (quotes,
 * continued lines, comments, pipes, lists, redirections), not for expansions.
 */
export function shellCommands(text: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | null = null;
  const endWord = (): void => {
    if (word !== null) words.push(word);
    word = null;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '\\') {
      at += 1;
      if (text[at] !== '\n') word = (word ?? '') + (text[at] ?? '');
    } else if (char === "'" || char === '"') {
      const end = closing(text, at);
      // Blocks without a language may hold prose: an apostrophe is then a letter.
      word = (word ?? '') + (end < 0 ? char : unescaped(text.slice(at + 1, end), char));
      if (end >= 0) at = end;
    } else if (char === '#' && word === null) {
      while (at + 1 < text.length && text[at + 1] !== '\n') at += 1;
    } else if (/[\n;|&()]/.test(char)) endCommand();
    else if (/\s/.test(char)) endWord();
    else word = (word ?? '') + char;
  }
  endCommand();
  return commands.map(withoutRedirections).filter((command) => command.length > 0);
}

function closing(text: string, open: number): number {
  const quote = text[open];
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === '\\' && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function unescaped(text: string, quote: string): string {
  return quote === '"' ? text.replaceAll(/\\(["\\$`])/g, '$1') : text;
}

function withoutRedirections(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (/^[0-9]?(>>?|<)$/.test(word)) at += 1;
    else if (!/^[0-9]?(>>?|<)[^<>]/.test(word)) kept.push(word);
  }
  return kept;
}

/** Those commands whose program is `name`, also behind `npx` and assignments of variables, without these. */
export function commandsOf(name: string, text: string): string[][] {
  return shellCommands(text).flatMap((words) => {
    const start = words.findIndex((word) => word !== 'npx' && word !== 'exec' && !/^[A-Z_]+=/.test(word));
    return words[start] === name ? [words.slice(start)] : [];
  });
}
