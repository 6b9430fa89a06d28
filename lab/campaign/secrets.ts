import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from '../stage/stage.js';
import { histories } from './histories.js';

/** Mesos and its packages' wrappers take its URL, password and all, as an argument; that is the cluster's own affair. */
const MESOS = /mesos\/(master|agent|framework)-main\.js|mesos-init-wrapper|usr\/bin\/lab-framework/;

const PERIOD_MS = 500;

/** Watches command lines during a run, and looks through histories and logs after it (promise 7). */
export class SecretWatch {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #seen = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly stage: Stage,
    passwords: readonly string[],
  ) {
    this.#secrets = secretsOf(stage.lab.dir, passwords);
    this.#timer = setInterval(() => this.#lookAtArguments(), PERIOD_MS);
    this.#timer.unref();
  }

  /** @returns one sentence for each place that shows a secret */
  async found(): Promise<string[]> {
    clearInterval(this.#timer);
    const { dir } = this.stage;
    for (const name of readdirSync(dir).filter((file) => file.startsWith('worker') && file.endsWith('.log'))) {
      this.#look(`the log ${name}`, readFileSync(join(dir, name), 'utf8'));
    }
    for (const { name, text } of await histories(this.stage.client)) {
      this.#look(`the history of ${name}`, decoded(text));
    }
    return [...this.#seen];
  }

  #look(place: string, text: string): void {
    for (const [name, secret] of this.#secrets) if (text.includes(secret)) this.#seen.add(`${place} shows ${name}`);
  }

  /** The first words that show nothing themselves. */
  #harmless(words: string): string {
    const secrets = [...this.#secrets.values()];
    const shown = words.split('\0').filter((word) => !secrets.some((secret) => word.includes(secret)));
    return shown.slice(0, 3).join(' ');
  }

  #lookAtArguments(): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const words = read(`/proc/${pid}/cmdline`);
      if (words !== '' && !MESOS.test(words)) this.#look(`the command line of ${this.#harmless(words)}`, words);
    }
  }
}

/** The operator's private key, the publisher's key, and passwords. */
function secretsOf(dir: string, passwords: readonly string[]): Map<string, string> {
  const key = readFileSync(join(dir, 'ssh', 'id_ed25519'), 'utf8').split('\n');
  const middle = key.filter((line) => line !== '' && !line.startsWith('-----')).at(-2);
  return new Map([
    ...(middle === undefined ? [] : [['the operator’s private key', middle] as const]),
    ['the publisher’s key', readFileSync(join(dir, 'credentials', 'publisher'), 'utf8').trim()],
    ...passwords.map((password) => ['a password', password] as const),
  ]);
}

/** A history with its payloads as they are before they are shown. */
function decoded(history: string): string {
  const payloads = [...history.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)];
  return [history, ...payloads.map(([, data = '']) => Buffer.from(data, 'base64').toString('utf8'))].join('\n');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
