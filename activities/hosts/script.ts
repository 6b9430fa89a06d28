import { boundedSignal } from '../../src/domain/bounded-signal.js';
import type { HostConfig } from '../../src/domain/config.js';
import { DeadlineError, FencedError, GivenUpError, HostStepError } from '../../src/domain/host-errors.js';
import { redactUrl } from '../../src/domain/master-url.js';
import { shq } from '../../src/domain/shell-quote.js';
import type { HostStep, Deadline } from '../contract.js';
import type { Ports } from '../ports.js';
import { scope } from '../reach/scope.js';

/** Folder on a host where a migration keeps what it must remember there (root prefix included). */
export function stateFolder(host: HostConfig, cluster: string): string {
  return `${host.root}/var/lib/zkferry/${cluster}`;
}

export interface Step {
  /** For logs and errors, for example `stop-unit`. */
  readonly name: string;
  /** POSIX sh after the prologue; see `PROLOGUE` for what it may call. */
  readonly body: string;
  /** Shell variables for the body; values are quoted here, once and for all. */
  readonly values: Readonly<Record<string, string | number>>;
  /** Outside the window: goes on when the link drops (S2). */
  readonly detached?: boolean;
  readonly timeoutMs: number;
  /** Only for steps that start something: withheld at or after this instant (S1). */
  readonly deadline?: Deadline;
  /** Does nothing on the host when it is older than that by then, ms; for what no fence can tell late. */
  readonly within?: number;
}

/**
 * What every script can rely on:
 *
 * - `lock`: takes the host's lock and passes the fence (S2), or ends with 75 and changes nothing; with 76 when the
 *   deadline has passed meanwhile (S1).
 *   The lock is held until `unlock` or the end; nothing that can hang may run under it.
 * - `take_lock`: the lock alone, without the fence.
 * - `in_time`: ends with 76 once `left` ms have passed since this process began, by the host's steady clock: how far
 *   the clocks of host and worker differ does not matter. `lock` includes it.
 * - `refuse TEXT`: ends with 3, a reason that a retry does not mend; `fail TEXT`: ends with 4.
 * - `put TEXT FILE`: a line into a file, by rename, and on the disk when it returns.
 * - `mark FILE`: an empty file, which needs no room on the disk. `discard FILE...`: removed, whatever they are.
 * - `temporary FILE`: name of the temporary file beside it.
 * - `same A B`: two files hold the same bytes. `rewrite FILE NEW LIKE`: NEW's bytes into FILE by rename, with LIKE's
 *   owner and mode.
 * - `keep FILE COPY`, `restore COPY FILE`: what was found, and back again.
 * - `main_pid`, `active_state`, `is_stopped`: the unit `$unit` as systemd and /proc see it now.
 * - `drop_in`, `ensure_drop_in`, `hold`: what keeps `$unit` down (S2). Conditions are not looked at on an
 *   automatic restart since systemd 254, `ExecCondition` always is (and unknown, so ignored, before 243).
 */
const PROLOGUE = `
set -u
umask 022
now_ms() { date +%s%3N; }
refuse() { echo "error=$1"; exit 3; }
fail() { echo "error=$1"; exit 4; }
fenced() { echo "fenced=$1"; exit 75; }
take_lock() {
  exec 9>> "$state/lock" || fail "cannot write to $state"
  flock -w 10 9 || fail "another step has held the lock of $state for 10 s"
  [ "$state/lock" -ef /proc/self/fd/9 ] || fenced "the host was released"
}
lock() {
  [ -d "$state" ] || fenced "the host is not adopted by a migration"
  take_lock
  fence_holder=; current=
  read_generation || fenced "the host was released"
  [ "$fence_holder" = "$migration" ] || fenced "the host belongs to migration $fence_holder"
  [ "$current" -le "$generation" ] || fenced "generation $generation is older than $current"
  in_time
  [ "$current" -eq "$generation" ] || advance
}
unlock() { exec 9>&-; }
in_time() { [ "$left" = none ] || [ "$(age_ms)" -lt "$left" ] || { echo "error=it came too late"; exit 76; }; }
age_ms() {
  echo $(($(cut -d' ' -f1 /proc/uptime | tr -d .) * 10 - $(started_at $$) * 1000 / $(getconf CLK_TCK 2> /dev/null || echo 100)))
}
line_into() {
  printf '%s\\n' "$1" > "$2.new" && flush "$2.new" && mv -f "$2.new" "$2" && flush "\${2%/*}" || { rm -f "$2.new"; return 1; }
}
put() { line_into "$1" "$2" || fail "cannot write $2"; }
# A full disk must not keep a unit from being stopped: a name is written where no line can be.
advance() {
  if line_into "$migration $generation" "$state/generation" 2> /dev/null; then discard "$state"/above-*; else mark "$state/above-$generation"; fi
}
read_generation() {
  read -r fence_holder current < "$state/generation" || return 1
  for above in "$state"/above-*; do [ ! -e "$above" ] || [ "\${above##*-}" -le "$current" ] || current=\${above##*-}; done
}
mark() { [ -e "$1" ] || { true > "$1" && flush "\${1%/*}"; } || fail "cannot write $1"; }
discard() { rm -rf "$@" || fail "cannot remove $*"; }
# A copy that is whole or not there, and on the disk; "restore" without a copy removes what there was none of.
keep() {
  cp -p "$1" "$2.new" && flush "$2.new" && mv -f "$2.new" "$2" && flush "\${2%/*}" || { rm -f "$2.new"; fail "cannot keep $1"; }
}
restore() { if [ -f "$1" ]; then rewrite "$2" "$1" "$1"; else discard "$2"; fi; }
# Hidden, since Mesos' wrapper takes every visible file of its folders for a flag.
temporary() { echo "$(dirname "$1")/.$(basename "$1").zkferry-new"; }
same() { [ "$(base64 < "$1")" = "$(base64 < "$2")" ]; }
rewrite() {
  aside=$(temporary "$1")
  rm -f "$aside"
  cp -p "$3" "$aside" && cat "$2" > "$aside" && flush "$aside" && mv -f "$aside" "$1" && flush "\${1%/*}" ||
    { rm -f "$aside"; fail "cannot write $1"; }
}
# Before coreutils 8.24 sync takes no file.
flush() { sync "$1" 2> /dev/null || sync; }
property() { systemctl show -p "$1" "$unit" | sed -n "s/^$1=//p"; }
main_pid() { property MainPID; }
active_state() { property ActiveState; }
started_at() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }
cgroup_is_empty() {
  group=\${shown#*ControlGroup=}
  group=\${group%%"$newline"*}
  case $group in /?*) ;; *) return 0 ;; esac
  for procs in "/sys/fs/cgroup$group/cgroup.procs" "/sys/fs/cgroup/systemd$group/cgroup.procs"; do
    [ -f "$procs" ] && [ -n "$(cat "$procs" 2> /dev/null)" ] && return 1
  done
  return 0
}
newline='
'
is_stopped() {
  shown=$(systemctl show -p ActiveState -p MainPID -p ControlGroup "$unit")$newline || return 1
  case $newline$shown in *"\${newline}ActiveState=inactive$newline"* | *"\${newline}ActiveState=failed$newline"*) ;; *) return 1 ;; esac
  case $newline$shown in *"\${newline}MainPID=0$newline"*) ;; *) return 1 ;; esac
  cgroup_is_empty
}
drop_in() {
  case $unit in *.service) file_of_unit=$unit ;; *) file_of_unit=$unit.service ;; esac
  echo "$root/etc/systemd/system/$file_of_unit.d/90-zkferry.conf"
}
ensure_drop_in() {
  dropin=$(drop_in)
  held="$state/held-$unit"
  case $held in *[!A-Za-z0-9_./@+-]*) refuse "systemd cannot take the path $held in a condition" ;; esac
  wanted_dropin="# Written by zkferry; removed at the end of the migration.
[Unit]
ConditionPathExists=!$held
[Service]
ExecCondition=/bin/sh -c 'test ! -e $held'"
  mark "$state/drop-in-$unit"
  if [ "$(cat "$dropin" 2> /dev/null)" != "$wanted_dropin" ]; then
    mkdir -p "\${dropin%/*}" || fail "cannot create \${dropin%/*}"
    put "$wanted_dropin" "$dropin"
    systemctl daemon-reload || fail "systemctl daemon-reload failed"
  fi
  # A crash may have come between the file and the reload.
  case $(property NeedDaemonReload) in yes) systemctl daemon-reload || fail "systemctl daemon-reload failed" ;; esac
  case " $(property DropInPaths) " in *" $dropin "*) ;; *) fail "systemd does not take $dropin into account" ;; esac
}
hold() {
  ensure_drop_in
  mark "$state/held-$unit"
}
`;

/** Runs a step on a host. @returns the `key=value` lines it printed. */
export async function runStep(
  ports: Ports,
  { access, fence }: HostStep,
  host: HostConfig,
  step: Step,
): Promise<ReadonlyMap<string, string>> {
  const { signal, heartbeat, now, givenUp } = scope();
  heartbeat(`${step.name} on ${host.name}`);
  if (givenUp()) throw new GivenUpError(host.name, step.name);
  const { name, detached = false, timeoutMs, within, deadline = null } = step;
  const leftMs = deadline === null ? null : Math.floor(deadline - now());
  if (leftMs !== null && leftMs <= 0) throw new DeadlineError(host.name, name);
  const values: Record<string, string | number> = {
    state: stateFolder(host, fence.cluster),
    migration: fence.migration,
    generation: fence.generation,
    root: host.root,
    left: leftMs ?? within ?? 'none',
    ...step.values,
  };
  const text = [
    ...Object.entries(values).map(([name, value]) => `${name}=${shq(String(value))}`),
    PROLOGUE,
    step.body,
    '',
  ].join('\n');
  const script = { name, text, detached, timeoutMs };
  const end = leftMs === null ? signal : boundedSignal(signal, leftMs);
  const result = await runUntil(end, signal, host, name, () => ports.shell.run(host, access.ssh, script, end));
  const lines = new Map(
    result.stdout
      .split('\n')
      .map((line) => /^([a-zA-Z]+)=(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map((match) => [match[1] ?? '', match[2] ?? '']),
  );
  if (result.exitCode === 0) return lines;
  if (result.exitCode === 75) throw new FencedError(host.name, name, lines.get('fenced') ?? 'unknown');
  if (result.exitCode === 76 && leftMs !== null) throw new DeadlineError(host.name, name);
  const reason = lines.get('error') ?? `exit code ${String(result.exitCode)}`;
  const told = redactUrl(result.stderr).trim().split('\n').slice(-3).join('; ').slice(0, 300);
  throw new HostStepError(
    host.name,
    name,
    told === '' ? reason : `${reason} (${told})`,
    result.exitCode !== 3,
    lines.get('remedy') ?? remedyFor(told, host),
  );
}

/** @throws DeadlineError when `end` came first, whatever the cut-off work says of it. */
async function runUntil<T>(
  end: AbortSignal,
  signal: AbortSignal,
  host: HostConfig,
  step: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (end.aborted && !signal.aborted) throw new DeadlineError(host.name, step);
    throw error;
  }
}

/** What helps against the plainest obstacles, as they show on standard error. */
function remedyFor(told: string, { name, sshUser }: HostConfig): string | undefined {
  if (/^sudo:/.test(told)) return `let ${sshUser} use sudo on ${name} without a password, or set ssh.sudo to false`;
  if (/No space left/i.test(told)) return `make room on the file system named here on ${name}, then retry`;
  if (/Permission denied/i.test(told)) return `let ${sshUser} write there on ${name}, or set ssh.sudo to true`;
  return undefined;
}

/** A value a script must have printed. */
export function told(lines: ReadonlyMap<string, string>, key: string, host: HostConfig, step: string): string {
  const value = lines.get(key);
  if (value === undefined) throw new HostStepError(host.name, step, `it did not say ${key}`, true);
  return value;
}
