import { readdirSync, readFileSync } from 'node:fs';
import type { SecretNet } from './net.js';

const PERIOD_MS = 250;

/** Mesos takes its URL, password and all, as an argument or from its environment: the cluster's own affair. */
const MESOS = /mesos\/(master|agent|framework)-main\.js|mesos-init-wrapper|usr\/s?bin\/(mesos-|lab-framework)/;

export interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** Its command line, words apart by spaces. */
  readonly command: string;
  /** Which secrets it shows. */
  readonly shows: readonly string[];
}

/** Looks at all processes of the machine, over and over: who shows a secret in its arguments, and who holds one. */
export class ProcessWatch {
  /** Instants of the looks, ms since the epoch. */
  readonly looks: number[] = [];
  readonly inArguments = new Map<string, Seen>();
  readonly inEnvironments = new Map<string, Seen>();
  /** Every command line that was seen, Mesos' own left out. */
  readonly commands = new Set<string>();
  readonly #known = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly net: SecretNet) {}

  start(): void {
    this.#timer = setInterval(() => this.look(), PERIOD_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  look(): void {
    this.looks.push(Date.now());
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) this.#lookAt(Number(pid));
  }

  isMesos({ command }: Seen): boolean {
    return MESOS.test(command);
  }

  /** Whether it is a child that has not become another program yet: until then it is its parent's image. */
  isForked({ parent, command }: Seen, of: number): boolean {
    return parent === of && [...this.inEnvironments.values()].some((one) => one.pid === of && one.command === command);
  }

  #lookAt(pid: number): void {
    const parent = parentOf(pid);
    const words = read(`/proc/${String(pid)}/cmdline`);
    if (parent === null || words === '') return;
    const command = words.replaceAll('\0', ' ').trim();
    if (!MESOS.test(command)) this.commands.add(command);
    this.#note(this.inArguments, { pid, parent, command }, words);
    this.#note(this.inEnvironments, { pid, parent, command }, read(`/proc/${String(pid)}/environ`));
  }

  /** A text that was seen before is not searched again: most processes stay as they are. */
  #note(into: Map<string, Seen>, who: Omit<Seen, 'shows'>, text: string): void {
    const { pid, command } = who;
    const key = `${String(pid)} ${text}`;
    if (text === '' || this.#known.has(key)) return;
    this.#known.add(key);
    const shows = this.net.found(text);
    if (shows.length > 0) into.set(`${String(pid)} ${command}`, { ...who, shows });
  }
}

/** Null when the process is gone. */
function parentOf(pid: number): number | null {
  const [, rest] = /^.*\) (.*)$/s.exec(read(`/proc/${String(pid)}/stat`)) ?? [];
  return rest === undefined ? null : Number(rest.split(' ')[1]);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
