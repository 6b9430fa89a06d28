import type { HostActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { requireLock } from '../reach/lock.js';
import { runStep } from './script.js';

const TIMEOUT_MS = 20_000;
/**
 * Patience of the one script that no generation can fence: a host that was released remembers nothing,
 * so an adoption that was frozen until then must know by itself that it is late. Above the wait for the lock.
 */
const WITHIN_MS = 12_000;

/** Adopting a host for a migration, and leaving it without a trace. */
export const createAdoption = (ports: Ports): Pick<HostActivities, 'adoptHost' | 'releaseHost'> => ({
  async adoptHost(step) {
    if (step.config) await requireLock(ports, step.config, step.fence.migration);
    await runStep(ports, step, step.host, {
      name: 'adopt-host',
      detached: true,
      timeoutMs: TIMEOUT_MS,
      // No migration's id holds a space.
      values: { from: (step.from ?? []).join(' ') },
      within: WITHIN_MS,
      body: `
command -v flock > /dev/null || refuse "the command flock (util-linux) is missing"
command -v systemctl > /dev/null || refuse "the command systemctl is missing"
in_time
mkdir -p "$state" && chmod 700 "$state" || fail "cannot create $state"
exec 9>> "$state/lock" || fail "cannot write to $state"
flock -w 10 9 || fail "another step has held the lock of $state for 10 s"
[ "$state/lock" -ef /proc/self/fd/9 ] || fail "the host was being released at the same moment"
fence_holder=; current=0
if [ -f "$state/generation" ]; then read_generation || refuse "$state/generation cannot be read"; fi
holder=$fence_holder
taken=0
case " $from " in *" $holder "*) [ -z "$holder" ] || [ "$holder" = "$migration" ] || taken=1 ;; esac
if [ "$taken" = 1 ]; then
  # Fenced by the name alone; the higher number keeps names that carry one from meeting.
  [ "$current" -lt "$generation" ] || refuse "generation $generation is not above $current of the migration taken over"
elif [ -n "$holder" ] && [ "$holder" != "$migration" ]; then
  echo "remedy=end migration $holder first, or remove $state when it is certain that it has ended"
  refuse "the host is adopted by migration $holder"
fi
[ "$taken" = 1 ] || [ "$current" -le "$generation" ] || fenced "generation $generation is older than $current"
line_into "$migration $generation" "$state/generation" || {
  # A folder that belongs to nobody would keep everybody off.
  [ -n "$holder" ] || { rm -f "$state/lock"; rmdir "$state" "\${state%/*}" 2> /dev/null; }
  fail "cannot write to $state"
}
discard "$state"/above-*
`,
    });
  },

  async releaseHost(step) {
    await runStep(ports, step, step.host, {
      name: 'release-host',
      detached: true,
      timeoutMs: TIMEOUT_MS,
      values: { units: step.units.join(' ') },
      // What belongs to another migration is none of ours; what belongs to other units of the same machine
      // stays, and with it the folder.
      body: `
if [ ! -d "$state" ]; then exit 0; fi
take_lock
if [ ! -f "$state/generation" ]; then
  # Left by an adoption that was broken off.
  discard "$state/generation.new" "$state/lock"
  rmdir "$state" || fail "cannot remove $state"
  rmdir "$root/var/lib/zkferry" 2> /dev/null
  exit 0
fi
read -r holder rest < "$state/generation" || fail "cannot read $state/generation"
[ "$holder" = "$migration" ] || exit 0
lock
for unit in $units; do
  [ ! -e "$state/held-$unit" ] || refuse "unit $unit is still held down; it must be started before the host is released"
done
for unit in $units; do
  if [ -f "$state/place-$unit" ]; then
    # The temporary file of an edit that a crash broke off.
    file=$(cat "$state/place-$unit") || fail "cannot read $state/place-$unit"
    discard "$(temporary "$file")"
  fi
  if [ -f "$state/parked-$unit" ]; then
    config=$(cat "$state/parked-$unit") || fail "cannot read $state/parked-$unit"
    discard "$config.zkferry-source" "$config.zkferry-target" "$(temporary "$config")"
  fi
  if [ -e "$state/drop-in-$unit" ]; then
    dropin=$(drop_in)
    discard "$dropin" "$dropin.new"
    rmdir "\${dropin%/*}" 2> /dev/null
    systemctl daemon-reload || fail "systemctl daemon-reload failed"
  fi
  discard "$state"/*-"$unit" "$state"/*-"$unit".new
done
for left in "$state"/*; do
  case \${left##*/} in lock | generation | above-*) ;; *) exit 0 ;; esac
done
discard "$state"
rmdir "$root/var/lib/zkferry" 2> /dev/null
exit 0
`,
    });
  },
});
