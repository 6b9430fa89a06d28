import type { HostActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { runStep } from './script.js';
import { stopUnit } from './units.js';

const STEP_MS = 20_000;

/**
 * The raise of target's epoch, server by server (S16, Z 4). ZooKeeper keeps both epoch files in the
 * snapshot folder, `dataDir/version-2` (`QuorumPeer.readEpochFromFile`), as decimal ASCII.
 */
export const createEpochs = (
  ports: Ports,
): Pick<HostActivities, 'stopServer' | 'writeEpoch' | 'restoreEpoch' | 'startServer'> => ({
  stopServer: (step) => stopUnit(ports, step, step.server, step.server.unit, 10_000),

  async writeEpoch(step) {
    const { server } = step;
    await runStep(ports, step, server, {
      name: 'write-epoch',
      detached: true,
      timeoutMs: STEP_MS,
      values: { unit: server.unit, folder: `${server.root}${server.dataDir}/version-2`, epoch: step.epoch },
      body: `
lock
is_stopped || refuse "unit $unit is not stopped"
for name in acceptedEpoch currentEpoch; do
  held=$(cat "$folder/$name" 2> /dev/null || echo 0)
  [ "$held" -le "$epoch" ] || refuse "$folder/$name holds $held, above $epoch"
done
if [ ! -d "$folder" ]; then
  mkdir -p "$folder" && chown --reference="$(dirname "$folder")" "$folder" || fail "cannot create $folder"
fi
if [ ! -f "$state/epoch-kept-$unit" ]; then
  for name in acceptedEpoch currentEpoch; do
    discard "$state/$name-$unit"
    [ ! -f "$folder/$name" ] || keep "$folder/$name" "$state/$name-$unit"
  done
  put kept "$state/epoch-kept-$unit"
fi
aside="$folder/acceptedEpoch.zkferry-new"
printf '%s' "$epoch" > "$aside" && chown --reference="$folder" "$aside" && flush "$aside" &&
  mv -f "$aside" "$folder/acceptedEpoch" && flush "$folder" || { rm -f "$aside"; fail "cannot write $folder/acceptedEpoch"; }
`,
    });
  },

  async restoreEpoch(step) {
    const { server } = step;
    await runStep(ports, step, server, {
      name: 'restore-epoch',
      detached: true,
      timeoutMs: STEP_MS,
      values: { unit: server.unit, folder: `${server.root}${server.dataDir}/version-2` },
      body: `
lock
is_stopped || refuse "unit $unit is not stopped"
[ -f "$state/epoch-kept-$unit" ] || exit 0
# A new leader raises currentEpoch; below it no server starts again (Z 4).
then=$(cat "$state/currentEpoch-$unit" 2> /dev/null || echo 0)
now=$(cat "$folder/currentEpoch" 2> /dev/null || echo 0)
[ "$now" = "$then" ] || refuse "a leader has formed since (epoch $now, before it was $then); the epoch can only be raised"
restore "$state/acceptedEpoch-$unit" "$folder/acceptedEpoch"
discard "$state/epoch-kept-$unit"
discard "$state/acceptedEpoch-$unit" "$state/currentEpoch-$unit"
`,
    });
  },

  async startServer(step) {
    const { server } = step;
    await runStep(ports, step, server, {
      name: 'start-server',
      detached: true,
      timeoutMs: STEP_MS,
      values: { unit: server.unit },
      body: `
lock
discard "$state/held-$unit"
systemctl reset-failed "$unit" 2> /dev/null
systemctl start --no-block "$unit" || fail "systemctl start $unit failed"
`,
    });
  },
});
