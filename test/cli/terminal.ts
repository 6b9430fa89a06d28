import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** util-linux's `script` gives a program a pseudo-terminal. */
export function hasScript(): boolean {
  return spawnSync('script', ['--version']).status === 0;
}

/** The CLI in a pseudo-terminal of 80 columns and 24 lines, and what a person sees of it. */
export class Terminal {
  readonly screen: VirtualScreen;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(words: readonly string[], options: { env?: NodeJS.ProcessEnv; columns?: number; rows?: number } = {}) {
    const { env = {}, columns = 80, rows = 24 } = options;
    this.screen = new VirtualScreen(columns, rows);
    const command = [process.execPath, main, ...words].map((word) => `'${word}'`).join(' ');
    const size = `stty cols ${String(columns)} rows ${String(rows)}`;
    this.#child = spawn('script', ['-q', '-e', '-c', `${size}; exec ${command}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.screen.write(text));
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until the screen shows it. */
  async shows(pattern: RegExp, patienceMs = 60_000): Promise<void> {
    for (const end = Date.now() + patienceMs; !pattern.test(this.screen.text); await delay(50)) {
      if (Date.now() > end || this.#child.exitCode !== null)
        throw new Error(`the screen does not show ${String(pattern)}:\n${this.screen.text}`);
    }
  }

  /** The exit code of the CLI. */
  async ended(): Promise<number | null> {
    return this.#ended;
  }
}

/** As much of a terminal as the CLI uses: lines, colours, the cursor up and to the left, and clearing below it. */
export class VirtualScreen {
  readonly lines: string[] = [''];
  #row = 0;
  #column = 0;
  #rest = '';
  /** The longest line that was ever written. */
  widest = 0;

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {}

  get text(): string {
    return this.lines.join('\n');
  }

  write(chunk: string): void {
    let text = this.#rest + chunk;
    this.#rest = '';
    while (text !== '') {
      const control = /^\u001b\[([?\d;]*)([A-Za-z])/.exec(text);
      if (text.startsWith('\u001b') && control === null) {
        this.#rest = text;
        return;
      }
      if (control !== null) this.#control(control[2] ?? '', Number(control[1]) || 1);
      else this.#put(text.charAt(0));
      text = text.slice(control?.[0].length ?? 1);
    }
  }

  #control(kind: string, count: number): void {
    if (kind === 'A') {
      // A terminal cannot go back to what has scrolled away.
      const top = Math.max(0, this.lines.length - this.rows);
      if (this.#row - count < top) throw new Error(`the cursor is sent above the screen:\n${this.text}`);
      this.#row -= count;
    } else if (kind === 'D') this.#column = Math.max(0, this.#column - count);
    else if (kind === 'J') this.lines.splice(this.#row + 1, this.lines.length, ...[]);
    if (kind === 'J') this.lines[this.#row] = (this.lines[this.#row] ?? '').slice(0, this.#column);
    else if (!['A', 'D', 'm', 'h', 'l', 'G', 'K'].includes(kind)) throw new Error(`unknown control ${kind}`);
    if (kind === 'G') this.#column = count - 1;
  }

  #put(char: string): void {
    if (char === '\r') this.#column = 0;
    else if (char === '\n') {
      this.#row += 1;
      this.lines[this.#row] ??= '';
    } else {
      const line = (this.lines[this.#row] ?? '').padEnd(this.#column);
      this.lines[this.#row] = line.slice(0, this.#column) + char + line.slice(this.#column + 1);
      this.#column += 1;
      this.widest = Math.max(this.widest, this.#column);
    }
  }
}
