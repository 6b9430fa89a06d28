/** Columns of the terminal that a text goes to; 80 where it goes to none. */
export function columnsOf(stream: { readonly columns?: number }): number {
  return Math.max(40, stream.columns ?? 80);
}

export interface FoldOptions {
  readonly columns: number;
  /** What the first line begins with. */
  readonly head?: string;
  /** Columns by which the others are indented; default as many as the head has. */
  readonly indented?: number;
}

/** Breaks prose between words; a word that is longer than a line stays whole. Lines in the text stay lines. */
export function fold(text: string, { columns, head = '', indented = head.length }: FoldOptions): string[] {
  const indent = ' '.repeat(indented);
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = lines.length === 0 ? head : indent;
    let isEmpty = true;
    for (const word of paragraph.split(/ +/)) {
      if (!isEmpty && line.length + 1 + word.length > columns) {
        lines.push(line.trimEnd());
        [line, isEmpty] = [indent, true];
      }
      line += isEmpty ? word : ` ${word}`;
      isEmpty = false;
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

/** Breaks a shell command so that it can be pasted as it stands: every line but the last ends in a backslash. */
export function foldCommand(command: string, { columns, head = '' }: FoldOptions): string[] {
  const lines: string[] = [];
  let line = head;
  let isEmpty = true;
  for (const word of wordsOf(command)) {
    if (!isEmpty && line.length + 1 + word.length > columns - 2) {
      lines.push(`${line} \\`);
      [line, isEmpty] = [' '.repeat(head.length), true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
    const pieces = line.length > columns ? quotedPieces(line, columns) : [line];
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  return [...lines, line];
}

/** The words of a command, an option and its value as one. */
function wordsOf(command: string): string[] {
  const words: string[] = [];
  for (const word of command.match(/(?:'[^']*'|\\.|[^ '])+/g) ?? []) {
    const before = words.at(-1);
    if (before?.startsWith('--') && !before.includes(' ') && !word.startsWith('--'))
      words.splice(-1, 1, `${before} ${word}`);
    else words.push(word);
  }
  return words;
}

/** A quoted JSON text that is too long goes on at the left edge, where the shell joins what touches. */
function quotedPieces(line: string, columns: number): string[] {
  const [, before = '', quoted = ''] = /^([^']*)'([^']*)'$/.exec(line) ?? [];
  if (quoted === '') return [line];
  const lines: string[] = [];
  let at = `${before}'`;
  for (const piece of quoted.split(/(?<=[,:{])/)) {
    // Two quotes and the backslash come on top.
    if (at.length + piece.length + 2 > columns && !at.endsWith("'")) {
      lines.push(`${at}'\\`);
      at = "'";
    }
    at += piece;
  }
  return [...lines, `${at}'`];
}

/** The beginning of a text that fits into so many columns. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
