import { createInterface } from 'node:readline/promises';
import { FerryError } from '../domain/errors.js';
import { printNote } from './output.js';

/** A person was asked, and did not say yes. */
export class NotConfirmedError extends FerryError {
  readonly code = 'FERRY_NOT_CONFIRMED';
  readonly retryable = false;
  override readonly remedy = 'repeat the command and confirm it, or give --yes';
  constructor() {
    super('not confirmed; nothing was sent');
  }
}

export interface Confirmation {
  /** What will happen, and what it costs; lines. */
  readonly what: readonly string[];
  /** What has to be typed: the cluster's name where much is at stake, else `y`. */
  readonly type: string;
}

/**
 * Asks before what cannot be taken back. Without a terminal nobody is asked and it goes on: such a command
 * names what it means (cluster, gate and hash, incident, migration), and a rollback that a script or `ssh HOST`
 * orders must never fail for want of a terminal.
 *
 * @throws NotConfirmedError
 */
export async function confirm({ what, type }: Confirmation, yes: boolean): Promise<void> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return;
  for (const line of what) printNote(line);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D are a no.
  const ended = new Promise<null>((resolve) => asking.once('close', () => resolve(null)));
  asking.on('SIGINT', () => asking.close());
  try {
    const question = type === 'y' ? 'Go on? [y/N] ' : `Type ${type} to go on: `;
    const answer = await Promise.race([asking.question(question), ended]);
    const given = answer?.trim() ?? '';
    if (type === 'y' ? !/^y(es)?$/i.test(given) : given !== type) throw new NotConfirmedError();
  } finally {
    asking.close();
  }
}
