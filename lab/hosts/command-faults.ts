import type { Readable, Writable } from 'node:stream';

/** What goes wrong with the commands that a host's SSH server runs; all off at first. */
export class CommandFaults {
  /** So many commands to come run to their end, then their answer is lost with the connection. */
  repliesToLose = 0;
  /** So many commands to come that last `dropAfterMs` lose their connection then. */
  commandsToDrop = 0;
  dropAfterMs = 0;
  /** Every command starts so much later, and what it says arrives so much later. */
  delayMs = 0;
  /** Commands cannot write to files, as on a full file system. */
  fullDisk = false;

  /** Whether the answer of the command that starts now is to be lost; counts it. */
  losesReply(): boolean {
    if (this.repliesToLose === 0) return false;
    this.repliesToLose -= 1;
    return true;
  }

  /** Whether the connection is to be cut under the command that has just lasted `dropAfterMs`; counts it. */
  drops(): boolean {
    if (this.commandsToDrop === 0) return false;
    this.commandsToDrop -= 1;
    return true;
  }
}

/** Now, or after the delay; what is put off by the same delay stays in order. */
export function later(delayMs: number, then: () => void): void {
  if (delayMs === 0) then();
  else setTimeout(then, delayMs);
}

/**
 * Arguments of `/bin/sh` that run a command which can write to no file, though it may create, rename and remove
 * them: the limit on the size of files is 0, and the signal that goes with it is ignored, both inherited by
 * whatever the command starts. Pipes and reading are not touched.
 */
export function withoutRoom(args: readonly string[]): string[] {
  return ['-c', 'trap "" XFSZ; ulimit -f 0; exec /bin/sh "$@"', 'sh', ...args];
}

/** The limit says "File too large"; a full file system would have said it in its own words. */
export function passOnWithoutRoom(from: Readable, to: Writable, delayMs: number): void {
  from.on('data', (bytes: Buffer) => {
    const text = bytes.toString('latin1').replaceAll('File too large', 'No space left on device');
    later(delayMs, () => to.write(Buffer.from(text, 'latin1')));
  });
}
