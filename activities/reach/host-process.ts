import type { HostConfig, SshConfig } from '../../src/domain/config.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import { shq } from '../../src/domain/shell-quote.js';
import { parseSocketAddress, type SocketAddress } from '../../src/domain/socket-table.js';
import type { HostShell } from '../../src/ports/host-shell.js';

/** A unit's main process as its host sees it at one moment. */
export interface HostProcess {
  /** systemd's word: `active`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly activeState: string;
  /** Null when the unit has no main process. */
  readonly mainPid: number | null;
  /** Whether its control group, where there is one, still holds a process: one that the main process has left behind. */
  readonly groupBusy: boolean;
  /** Established TCP connections of the main process. */
  readonly sockets: readonly { readonly local: SocketAddress; readonly remote: SocketAddress }[];
}

/**
 * Looks at a unit's main process: systemd's state and the process' established TCP connections, from
 * `/proc/PID/fd` and the socket table of its own network namespace. Mesos' ZooKeeper client does not
 * bind to the address of its process, so this is the only sound way from a connection to its owner.
 */
export async function lookAtProcess(
  shell: HostShell,
  ssh: SshConfig,
  { host, unit }: { readonly host: HostConfig; readonly unit: string },
  signal: AbortSignal,
  timeoutMs = 10_000,
): Promise<HostProcess> {
  const text = [
    `unit=${shq(unit)}`,
    'systemctl show -p ActiveState -p MainPID "$unit" || exit 3',
    'group=$(systemctl show -p ControlGroup "$unit" | sed -n "s/^ControlGroup=//p")',
    'case $group in /?*)',
    '  for procs in "/sys/fs/cgroup$group/cgroup.procs" "/sys/fs/cgroup/systemd$group/cgroup.procs"; do',
    '    [ ! -f "$procs" ] || [ -z "$(cat "$procs")" ] || echo group=busy',
    '  done ;;',
    'esac',
    'pid=$(systemctl show -p MainPID "$unit" | sed -n "s/^MainPID=//p")',
    'case $pid in ""|0) exit 0;; esac',
    '[ -d "/proc/$pid" ] || exit 0',
    // The links below fd/ ask for the same right as exe does. An exit code of `ls` tells nothing: it is not 0
    // either when a file was closed between the listing and the look at it, which a busy process does all the time.
    '{ [ -r "/proc/$pid/fd" ] && readlink "/proc/$pid/exe" >/dev/null; } || exit 4',
    'ls -l "/proc/$pid/fd" 2>/dev/null | sed -n "s/.*socket:\\[\\([0-9]*\\)\\]\\$/I \\1/p" |',
    '  cat - "/proc/$pid/net/tcp" "/proc/$pid/net/tcp6" 2>/dev/null |',
    `  awk '$1 == "I" { mine[$2]; next } $4 == "01" && ($10 in mine) { print "socket=" $2 " " $3 }'`,
    'echo complete=1',
    '',
  ].join('\n');
  const result = await shell.run(host, ssh, { name: 'look-at-process', text, detached: false, timeoutMs }, signal);
  const values = (key: string): string[] =>
    [...result.stdout.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  const [activeState] = values('ActiveState');
  const mainPid = Number(values('MainPID')[0] ?? '0');
  if (result.exitCode !== 0 || activeState === undefined) {
    const seen = `exit code ${String(result.exitCode)}${result.stderr === '' ? '' : `, ${result.stderr.trim().slice(0, 200)}`}`;
    throw new NotProvedError(host.name, `unit ${unit} can be looked at`, seen, {
      retryable: true,
      remedy: 'check that the ssh user may read systemctl and /proc of that process (ssh.sudo)',
    });
  }
  const alive = mainPid > 0 && values('complete').length > 0;
  return {
    activeState,
    mainPid: alive ? mainPid : null,
    groupBusy: values('group').length > 0,
    sockets: values('socket').map((pair) => {
      const [local = '', remote = ''] = pair.split(' ');
      return { local: parseSocketAddress(local), remote: parseSocketAddress(remote) };
    }),
  };
}

/** Whether systemd itself says that the unit has no process and none to come by itself, and its control group agrees. */
export function isProvedStopped({ activeState, mainPid, groupBusy }: HostProcess): boolean {
  return mainPid === null && !groupBusy && (activeState === 'inactive' || activeState === 'failed');
}
