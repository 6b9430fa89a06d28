import type { HostConfig, MasterUrlPlace } from '../../src/domain/config.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { HostActivities, HostStep, RepointReport } from '../contract.js';
import type { Ports } from '../ports.js';
import { editedMasterUrl } from './edited-master-url.js';
import { runStep, told } from './script.js';

interface Repoint extends HostStep {
  readonly host: HostConfig & { readonly unit: string; readonly masterUrl: MasterUrlPlace };
  /** Null puts the original file back. */
  readonly url: MasterUrl | null;
  /** `restart` by systemd, or SIGKILL of the main process and a start (S12). */
  readonly how: 'restart' | 'sigkill';
}

/** Stop, start and what systemd needs between; the proof that it is back is another step's. */
const RESTART_MS = 120_000;

/** Edit and restart as one step per host (M fact 10: an edit alone is a time bomb). */
export const createRepointing = (
  ports: Ports,
): Pick<HostActivities, 'repointAgent' | 'repointMaster' | 'repointFramework'> => ({
  repointAgent: (step) => repoint(ports, { ...step, host: step.agent, how: 'restart' }),
  repointMaster: (step) => repoint(ports, { ...step, host: step.master, how: 'restart' }),
  repointFramework: (step) =>
    repoint(ports, { ...step, host: step.instance, how: step.stop === 'sigkill' ? 'sigkill' : 'restart' }),
});

/**
 * Writes the master URL where this process reads it and restarts the process.
 *
 * What it remembers in the state folder makes it safe to run again: `orig-UNIT`, the file before the
 * first change; `applied-UNIT`, the content and the process that has read it, and since when;
 * `pending-UNIT`, the content and the process that ran when it was already in place and so has to be
 * restarted. Both are forgotten before an edit, so that a crash at any point, and a change of
 * direction after it, costs one restart too many at worst and never one too few.
 */
async function repoint(ports: Ports, step: Repoint): Promise<RepointReport> {
  const { host } = step;
  const place = { unit: host.unit, file: host.root + host.masterUrl.path };
  const restoring = step.url === null;
  const edit =
    step.url === null ? { url: '', seen: '', wanted: '' } : await editedMasterUrl(ports, step, host, step.url);
  const lines = await runStep(ports, step, host, {
    name: restoring ? 'restore-master-url' : 'repoint',
    detached: true,
    timeoutMs: RESTART_MS,
    values: { ...place, ...edit, restoring: restoring ? 1 : 0, how: step.how },
    body: `
orig="$state/orig-$unit"; pending="$state/pending-$unit"; applied="$state/applied-$unit"
sum() { cksum < "$1" | tr ' ' '-'; }
identity() { p=$(main_pid); case $p in '' | 0) echo none ;; *) echo "$p-$(started_at "$p")" ;; esac; }
report() { echo "changed=$1"; echo "before=$2"; echo "pid=$(main_pid)"; echo "restarted=$3"; exit 0; }
born_ms() {
  up_ms=$(($(cut -d' ' -f1 /proc/uptime | tr -d .) * 10))
  echo $(($(now_ms) - up_ms + $(started_at "$1") * 1000 / $(getconf CLK_TCK 2> /dev/null || echo 100)))
}
# The URL may be a secret: it is compared by builtins alone.
runs_with() {
  [ -n "$url" ] && [ -r "/proc/$1/cmdline" ] || return 1
  words=$newline$(tr '\\000' '\\n' < "/proc/$1/cmdline")$newline
  case $words in *"$newline--master=$url$newline"* | *"$newline--zk=$url$newline"*) return 0 ;; *) return 1 ;; esac
}

lock
[ -f "$file" ] || refuse "$file is not there"
# A rename must replace the file itself, not a link to it.
file=$(readlink -f "$file")
if [ "$restoring" = 1 ]; then
  [ -f "$orig" ] || report 0 "$(main_pid)" 0
  new="$orig"
else
  [ "$(base64 < "$file")" = "$(printf '%s' "$seen" | base64)" ] || fail "$file has changed meanwhile"
  put "$file" "$state/place-$unit"
  [ -f "$orig" ] || keep "$file" "$orig"
  new="$state/wanted-$unit"
  ( umask 077; printf '%s' "$wanted" > "$new" ) || fail "cannot write to $state"
fi
if ! same "$new" "$file"; then
  discard "$pending" "$applied"
  rewrite "$file" "$new" "$orig"
fi
what=$(sum "$file")
now=$(identity)
if [ -f "$applied" ]; then
  read -r sum_read when who < "$applied"
  if [ "$sum_read" = "$what" ] && [ "$who" = "$now" ]; then discard "$state/wanted-$unit"; report 0 "\${now%-*}" "$when"; fi
fi
old=
[ ! -f "$pending" ] || read -r sum_read old < "$pending"
if [ -z "$old" ] || [ "$sum_read" != "$what" ]; then
  if [ "$now" != none ] && runs_with "\${now%-*}"; then
    when=$(born_ms "\${now%-*}")
    put "$what $when $now" "$applied"
    discard "$state/wanted-$unit"
    report 0 "\${now%-*}" "$when"
  fi
  old=$now
  put "$what $old" "$pending"
fi
if [ "$now" = "$old" ] || [ "$now" = none ]; then
  if [ "$how" = sigkill ] && [ "$now" != none ]; then
    systemctl kill -s KILL --kill-who=main "$unit" || fail "systemctl kill $unit failed"
  else
    systemctl reset-failed "$unit" 2> /dev/null
    systemctl restart --no-block "$unit" || fail "systemctl restart $unit failed"
  fi
fi
unlock

n=0
while now=$(identity); [ "$now" = "$old" ] || [ "$now" = none ]; do
  [ "$n" -lt 600 ] || fail "$unit has not started again within 60 s ($(active_state))"
  # A killed scheduler would wait for its unit's restart delay, or for ever.
  if [ "$how" = sigkill ] && [ "$now" = none ] && [ $((n % 20)) = 0 ]; then lock; systemctl start --no-block "$unit"; unlock; fi
  sleep 0.1; n=$((n + 1))
done
lock
when=$(born_ms "\${now%-*}")
[ "$(sum "$file")" = "$what" ] || fenced "another step has written $file meanwhile"
put "$what $when $now" "$applied"
discard "$pending" "$state/wanted-$unit"
before=\${old%-*}; [ "$before" != none ] || before=0
report 1 "$before" "$when"
`,
  });
  const number = (key: string) => Number(told(lines, key, host, 'repoint'));
  return {
    changed: number('changed') === 1,
    mainPidBefore: number('before') || null,
    mainPid: number('pid'),
    restartedAt: new Date(number('restarted')).toISOString(),
  };
}
