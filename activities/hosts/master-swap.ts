import type { MasterConfig } from '../../src/domain/config.js';
import type { MasterSwapActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { editedMasterUrl } from './edited-master-url.js';
import { runStep, told } from './script.js';

const PARK_MS = 20_000;
/** In the window: a few small files on the host itself. */
const SWAP_MS = 10_000;

/**
 * Swapping a master's URL while the master is down (S20): everything that takes time is parked before.
 *
 * In the state folder, which only root reads, lie `found-UNIT`, the file as it was when it was parked,
 * and `staged-UNIT`, the same with target's URL. `orig-UNIT` is repointing's own memory of the file
 * before any change; it stands from the first swap until the file is as it was, so that a master that
 * was only parked has nothing to be restored.
 */
export const createMasterSwap = (ports: Ports): MasterSwapActivities => ({
  async parkMasterUrl(step) {
    const { master } = step;
    const { seen, wanted } = await editedMasterUrl(ports, step, master, step.url);
    await runStep(ports, step, master, {
      name: 'park-master-url',
      detached: true,
      timeoutMs: PARK_MS,
      values: { ...placeOf(master), seen, wanted },
      body: `
found="$state/found-$unit"; staged="$state/staged-$unit"; orig="$state/orig-$unit"; new="$state/wanted-$unit"
lock
[ -f "$file" ] || refuse "$file is not there"
file=$(readlink -f "$file")
[ "$(base64 < "$file")" = "$(printf '%s' "$seen" | base64)" ] || fail "$file has changed meanwhile"
put "$file" "$state/place-$unit"
( umask 077; printf '%s' "$wanted" > "$new" ) && flush "$new" || fail "cannot write to $state"
if [ -f "$orig" ] || same "$new" "$file" || { [ -f "$staged" ] && same "$staged" "$file"; }; then
  # Swapped already: what is in place now is not what was found.
  [ -f "$found" ] || { discard "$new"; echo "remedy=put source's URL back into $file"; refuse "$file names target before it was parked"; }
else
  keep "$file" "$found"
fi
mv -f "$new" "$staged" && flush "$state" || fail "cannot write to $state"
`,
    });
  },

  async swapMasterUrl(step) {
    const { master } = step;
    const lines = await runStep(ports, step, master, {
      name: 'swap-master-url',
      timeoutMs: SWAP_MS,
      values: { ...placeOf(master), to: step.to, mayrun: step.mayRun === true ? 1 : 0 },
      body: `
found="$state/found-$unit"; staged="$state/staged-$unit"; orig="$state/orig-$unit"
lock
if [ "$to" = target ]; then new="$staged"; else new="$found"; fi
if [ ! -e "$state/held-$unit" ]; then
  # Only the answer to its start was lost.
  if [ "$mayrun" = 1 ] && [ -f "$new" ] && same "$new" "$file"; then echo changed=0; exit 0; fi
  refuse "$unit is not held down"
fi
is_stopped || refuse "$unit is not stopped ($(active_state))"
if [ ! -f "$found" ] || [ ! -f "$staged" ]; then
  # Nobody but a swap from here changes the file while the master is down.
  [ "$to" = source ] || refuse "target's URL was not parked for $unit"
  echo changed=0; exit 0
fi
file=$(readlink -f "$file")
[ -f "$file" ] || refuse "$file is not there"
if same "$new" "$file"; then changed=0; else
  changed=1
  if [ "$to" = target ]; then
    same "$found" "$file" || { echo "remedy=see who changed it (configuration management?), then park it again"; refuse "$file has changed since it was parked"; }
    [ -f "$orig" ] || keep "$found" "$orig"
  fi
  discard "$state/applied-$unit" "$state/pending-$unit"
  rewrite "$file" "$new" "$found"
fi
if [ "$to" = source ] && [ -f "$orig" ] && same "$orig" "$file"; then discard "$orig"; fi
echo "changed=$changed"
`,
    });
    return { changed: told(lines, 'changed', master, 'swap-master-url') === '1' };
  },
});

function placeOf({ unit, root, masterUrl }: MasterConfig): { unit: string; file: string } {
  return { unit, file: root + masterUrl.path };
}
