import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Connection, ServerChannel } from 'ssh2';
import { later, passOnWithoutRoom, withoutRoom, type CommandFaults } from './command-faults.js';
import { hostTag } from './processes.js';

/** The one user that may log in. */
export const operator = 'operator';

/** A command that a client asked for. */
export interface SshCommand {
  readonly connection: Connection;
  readonly channel: ServerChannel;
  /** Cuts the TCP connection without a word. */
  readonly cut: () => void;
  /** Of `/bin/sh`. */
  readonly args: readonly string[];
}

/** Runs a command on the host with this root, as its faults have it; nothing runs for a link that is gone by then. */
export function runSshCommand(command: SshCommand, root: string, faults: CommandFaults): void {
  const { channel, connection } = command;
  channel.on('error', () => undefined);
  let gone = false;
  const leave = () => (gone = true);
  for (const link of [channel, connection]) link.once('close', leave);
  later(faults.delayMs, () => {
    for (const link of [channel, connection]) link.off('close', leave);
    if (!gone) execute(command, root, faults);
  });
}

function execute({ connection, channel, cut, args }: SshCommand, root: string, faults: CommandFaults): void {
  const { delayMs, fullDisk } = faults;
  const mute = faults.losesReply();
  const child = spawn('/bin/sh', fullDisk ? withoutRoom(args) : args, {
    cwd: root,
    env: {
      PATH: `${root}/usr/bin:${root}/usr/sbin:${process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'}`,
      HOME: `${root}/root`,
      TMPDIR: `${root}/tmp`,
      USER: operator,
      LOGNAME: operator,
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      [hostTag]: root,
    },
    stdio: 'pipe',
    detached: true,
  });
  const hangUp = () => {
    // the group's number stays taken as long as any of its processes lives, so this hits nobody else
    if (child.pid !== undefined) signalGroup(child.pid);
  };
  const answer = (say: () => void) => {
    if (!mute) later(delayMs, say);
  };
  const drop = faults.commandsToDrop > 0 ? setTimeout(() => faults.drops() && cut(), faults.dropAfterMs) : undefined;
  channel.pipe(child.stdin).on('error', () => undefined);
  if (mute) for (const output of [child.stdout, child.stderr]) output.resume();
  else passOn(child, channel, faults);
  child.once('error', () => {
    answer(() => {
      channel.exit(127);
      channel.end();
    });
  });
  child.once('exit', (code, signal) => {
    answer(() => {
      if (signal !== null) channel.exit(signal.replace(/^SIG/, ''), false, '');
      else channel.exit(code ?? 255);
    });
  });
  for (const link of [channel, connection]) link.once('close', hangUp);
  child.once('close', () => {
    clearTimeout(drop);
    for (const link of [channel, connection]) link.off('close', hangUp);
    if (mute) cut();
    else answer(() => channel.end());
  });
}

function passOn(
  { stdout, stderr }: ChildProcessWithoutNullStreams,
  channel: ServerChannel,
  { delayMs, fullDisk }: CommandFaults,
): void {
  const pass = (from: Readable, to: Writable) => {
    if (delayMs === 0) from.pipe(to, { end: false });
    else from.on('data', (bytes) => later(delayMs, () => to.write(bytes)));
  };
  pass(stdout, channel);
  if (fullDisk) passOnWithoutRoom(stderr, channel.stderr, delayMs);
  else pass(stderr, channel.stderr);
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGHUP');
  } catch {
    // gone already
  }
}
