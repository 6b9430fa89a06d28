import type { FerryError } from '../../domain/errors.js';
import type { MigrationStatus } from '../../domain/status.js';
import { printLine, printNote, printProse } from '../output.js';
import { oneLine } from '../status-text.js';
import type { Listener } from './follow.js';
import { frame } from './frame.js';
import { Screen } from './screen.js';

/** One line for each change, with its instant: for logs and pipes. */
export function plainLines(): Listener {
  return {
    ...notes,
    seen: () => undefined,
    changed: (status) => printLine(`${instant()}  ${oneLine(status)}`),
  };
}

/** One JSON object, a status, on one line for each change. */
export function jsonLines(): Listener {
  return { ...notes, seen: () => undefined, changed: (status) => printLine(JSON.stringify(status)) };
}

/** On a terminal: the whole picture, drawn anew every second. */
export class LiveView implements Listener {
  readonly #screen: Screen;
  readonly #redraw: NodeJS.Timeout;
  #status: MigrationStatus | null = null;
  #away: FerryError | null = null;

  constructor(terminal: NodeJS.WriteStream) {
    this.#screen = new Screen(terminal);
    // Clocks go on although nothing is heard.
    this.#redraw = setInterval(() => this.#draw(), 1_000);
  }

  seen(status: MigrationStatus): void {
    this.#status = status;
    this.#draw();
  }

  changed(): void {
    // Drawn already.
  }

  away(reason: FerryError): void {
    this.#away = reason;
    if (this.#status === null) printProse('', `${reason.message}; watching goes on\nremedy: ${reason.remedy}`);
    this.#draw();
  }

  back(): void {
    this.#away = null;
  }

  close(): void {
    clearInterval(this.#redraw);
    this.#screen.close();
  }

  #draw(): void {
    if (this.#status === null) return;
    const { columns, rows } = this.#screen;
    this.#screen.draw(frame(this.#status, { columns, rows, now: new Date(), away: this.#away?.message ?? null }));
  }
}

const notes: Pick<Listener, 'away' | 'back'> = {
  away: ({ message, remedy }) => printProse(`${instant()}  `, `${message}; watching goes on\nremedy: ${remedy}`),
  back: () => printNote(`${instant()}  answered again`),
};

function instant(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
