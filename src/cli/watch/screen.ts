import { clearScreenDown, moveCursor } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';

const [HIDE_CURSOR, SHOW_CURSOR] = ['\u001b[?25l', '\u001b[?25h'];

/** Some lines of a terminal that are drawn anew in place; what stands above is left alone. */
export class Screen {
  #drawn = 0;

  constructor(readonly terminal: NodeJS.WriteStream) {
    terminal.write(HIDE_CURSOR);
  }

  get columns(): number {
    return Math.max(20, this.terminal.columns);
  }

  /** One less than the terminal has: the cursor stands below. */
  get rows(): number {
    return Math.max(8, this.terminal.rows - 1);
  }

  draw(lines: readonly string[]): void {
    if (this.#drawn > 0) moveCursor(this.terminal, -this.terminal.columns, -this.#drawn);
    clearScreenDown(this.terminal);
    this.terminal.write(lines.map((line) => `${line}\n`).join(''));
    // A command is never cut, so on a narrow terminal it may take several rows.
    const rowsOf = (line: string): number => Math.ceil(stripVTControlCharacters(line).length / this.columns) || 1;
    this.#drawn = lines.reduce((rows, line) => rows + rowsOf(line), 0);
  }

  /** Leaves the last picture where it stands. */
  close(): void {
    this.terminal.write(SHOW_CURSOR);
  }
}
