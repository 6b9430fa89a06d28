import type { HostActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { runStep } from './script.js';

const TIMEOUT_MS = 20_000;

/** Adopting a host for a migration, and leaving it without a trace. */
export const createAdoption = (ports: Ports): Pick<HostActivities, 'adoptHost' | 'releaseHost'> => ({
  async adoptHost(step) {
    await runStep(ports, step, step.host, {
      name: 'adopt-host',
      detached: true,
      timeoutMs: TIMEOUT_MS,
      values: {},
      body: `
command -v flock > /dev/null || refuse "the command flock (util-linux) is missing"
command -v systemctl > /dev/null || refuse "the command systemctl is missing"
mkdir -p "$state" && chmod 700 "$state" || fail "cannot create $state"
exec 9>> "$state/lock" || fail "cannot write to $state"
flock -w 10 9 || fail "another step has held the lock of $state for 10 s"
owner=; current=0
if [ -f "$state/generation" ]; then read -r owner current < "$state/generation" || refuse "$state/generation cannot be read"; fi
if [ -n "$owner" ] && [ "$owner" != "$migration" ]; then
  echo "remedy=end migration $owner first, or remove $state when it is certain that it has ended"
  refuse "the host is adopted by migration $owner"
fi
[ "$current" -le "$generation" ] || fenced "generation $generation is older than $current"
put "$migration $generation" "$state/generation"
`,
    });
  },

  async releaseHost(step) {
    await runStep(ports, step, step.host, {
      name: 'release-host',
      detached: true,
      timeoutMs: TIMEOUT_MS,
      values: { units: step.units.join(' ') },
      body: `
if [ ! -d "$state" ]; then exit 0; fi
lock
for unit in $units; do
  [ ! -e "$state/held-$unit" ] || refuse "unit $unit is still held down; it must be started before the host is released"
done
reload=
for unit in $units; do
  dropin="$root/etc/systemd/system/$unit.service.d/90-zkferry.conf"
  if [ -e "$dropin" ]; then rm -f "$dropin" || fail "cannot remove $dropin"; reload=1; fi
  rmdir "$root/etc/systemd/system/$unit.service.d" 2> /dev/null
done
[ -z "$reload" ] || systemctl daemon-reload || fail "systemctl daemon-reload failed"
if [ -f "$state/parked" ]; then
  config=$(cat "$state/parked")
  rm -f "$config.zkferry-source" "$config.zkferry-target"
fi
rm -rf "$state" || fail "cannot remove $state"
rmdir "$root/var/lib/zkferry" 2> /dev/null
exit 0
`,
    });
  },
});
