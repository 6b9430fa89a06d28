import type { ServerConfig } from '../../src/domain/config.js';
import { observerZooCfg } from '../../src/domain/zoo-cfg.js';
import type { EnsembleName, HostActivities, ObserverStep } from '../contract.js';
import type { Ports } from '../ports.js';
import { runStep, stateFolder, told } from './script.js';
import { stopUnit } from './units.js';

const STEP_MS = 30_000;
const WINDOW_STEP_MS = 10_000;

/** Shell variables of an observer's places on its host. */
function places(observer: ServerConfig): Record<string, string> {
  const { root, unit, configFile, dataDir, dataLogDir, owner } = observer;
  const data = root + dataDir;
  return {
    unit,
    config: root + configFile,
    data,
    logs: dataLogDir === null ? data : root + dataLogDir,
    owner: owner ?? '',
  };
}

/** Functions of all observer scripts: the tag says whose data lies in `version-2` (S6). */
const OBSERVER = `
tag_file="$data/zkferry-ensemble"
tag() { t=; [ ! -f "$tag_file" ] || read -r t rest < "$tag_file"; echo "$t"; }
own() { [ -z "$owner" ] || chown -R "$owner" "$@" || fail "cannot give $* to $owner"; }
write() {
  mkdir -p "$(dirname "$2")" || fail "cannot create the folder of $2"
  printf '%s' "$1" > "$2.zkferry-new" && mv -f "$2.zkferry-new" "$2" || { rm -f "$2.zkferry-new"; fail "cannot write $2"; }
}
`;

/** Observers on their hosts: installed, flipped from one ensemble to the other, removed. */
export const createObservers = (
  ports: Ports,
): Pick<
  HostActivities,
  'installObserver' | 'stopObserver' | 'removeObserver' | 'parkObserver' | 'flipObserver' | 'discardSetAside'
> => ({
  async installObserver(step) {
    const { observer, ensemble } = step;
    const lines = await runStep(ports, step, observer, {
      name: `install-observer-of-${ensemble}`,
      detached: true,
      timeoutMs: STEP_MS,
      values: { ...places(observer), ensemble, text: await configText(ports, step, ensemble), id: observer.id },
      body: `${OBSERVER}
lock
if [ ! -f "$state/found" ]; then
  is_stopped || { echo "remedy=give observers hosts of their own"; refuse "unit $unit runs already, and not for this migration"; }
  for folder in "$data" "$logs"; do
    [ ! -e "$folder/version-2" ] || { echo "remedy=move the data away, or choose another host"; refuse "$folder/version-2 holds data of another server"; }
  done
  [ ! -f "$config" ] || cp -p "$config" "$state/zoo.cfg.found" || fail "cannot keep $config"
  [ ! -f "$data/myid" ] || cp -p "$data/myid" "$state/myid.found" || fail "cannot keep $data/myid"
  [ -d "$data" ] || : > "$state/data.absent"
  [ -d "$logs" ] || : > "$state/logs.absent"
  [ -d "$(dirname "$config")" ] || : > "$state/config-folder.absent"
  put "$(systemctl is-enabled "$unit" 2> /dev/null)" "$state/found"
fi
if [ "$(tag)" = "$ensemble" ] && [ "$(cat "$config" 2> /dev/null)" = "\${text%?}" ] && ! is_stopped; then
  echo changed=0; exit 0
fi
is_stopped || refuse "unit $unit runs with another config or for the other ensemble; it must be stopped first"
mkdir -p "$data" "$logs" || fail "cannot create $data"
if [ "$(tag)" != "$ensemble" ]; then
  # Data of the other ensemble would be served as a silent mix; it is a copy, so it goes.
  rm -rf "$data/version-2" "$logs/version-2" || fail "cannot remove the data of the other ensemble"
  write "$ensemble $migration
" "$tag_file"
fi
write "$id
" "$data/myid"
write "$text" "$config"
own "$data" "$logs"
rm -f "$state/held-$unit"
systemctl enable "$unit" > /dev/null 2>&1 || fail "systemctl enable $unit failed"
systemctl reset-failed "$unit" 2> /dev/null
systemctl start --no-block "$unit" || fail "systemctl start $unit failed"
echo changed=1
`,
    });
    return { changed: lines.get('changed') === '1' };
  },

  stopObserver: (step) => stopUnit(ports, step, step.observer, step.observer.unit, 5_000),

  async removeObserver(step) {
    const { observer } = step;
    const values = places(observer);
    const look = await runStep(ports, step, observer, {
      name: 'look-for-observer',
      timeoutMs: STEP_MS,
      values,
      body: 'if [ -f "$state/found" ]; then echo found=1; else echo found=0; fi\n',
    });
    if (look.get('found') !== '1') return;
    await stopUnit(ports, step, observer, observer.unit, 5_000);
    await runStep(ports, step, observer, {
      name: 'remove-observer',
      detached: true,
      timeoutMs: STEP_MS,
      values,
      body: `${OBSERVER}
lock
is_stopped || fail "unit $unit runs"
[ -f "$state/found" ] || exit 0
for folder in "$data" "$logs"; do
  rm -rf "$folder/version-2" "$folder"/version-2.zkferry-* || fail "cannot remove the data in $folder"
done
rm -f "$tag_file" "$config.zkferry-source" "$config.zkferry-target"
if [ -f "$state/zoo.cfg.found" ]; then cp -p "$state/zoo.cfg.found" "$config"; else rm -f "$config"; fi
if [ -f "$state/myid.found" ]; then cp -p "$state/myid.found" "$data/myid"; else rm -f "$data/myid"; fi
[ ! -f "$state/logs.absent" ] || rmdir "$logs" 2> /dev/null
[ ! -f "$state/data.absent" ] || rmdir "$data" 2> /dev/null
[ ! -f "$state/config-folder.absent" ] || rmdir "$(dirname "$config")" 2> /dev/null
case $(cat "$state/found") in enabled*) ;; *) systemctl disable "$unit" > /dev/null 2>&1 ;; esac
rm -f "$state/held-$unit" "$state/found" "$state"/*.found "$state"/*.absent
`,
    });
  },

  async parkObserver(step) {
    const { observer } = step;
    await runStep(ports, step, observer, {
      name: 'park-configs',
      detached: true,
      timeoutMs: STEP_MS,
      values: {
        ...places(observer),
        source: await configText(ports, step, 'source'),
        target: await configText(ports, step, 'target'),
      },
      body: `${OBSERVER}
lock
put "$config" "$state/parked"
write "$source" "$config.zkferry-source"
write "$target" "$config.zkferry-target"
own "$config.zkferry-source" "$config.zkferry-target"
`,
    });
  },

  async flipObserver(step) {
    const { observer, to } = step;
    const lines = await runStep(ports, step, observer, {
      name: `flip-observer-to-${to}`,
      timeoutMs: WINDOW_STEP_MS,
      deadline: step.deadline,
      values: { ...places(observer), to },
      // Data is only ever renamed here, which is instant; the ensemble sends the new observer a snapshot.
      body: `${OBSERVER}
lock
parked="$config.zkferry-$to"
[ -f "$parked" ] || refuse "$parked is not there"
if ! is_stopped; then
  [ "$(tag)" = "$to" ] && cmp -s "$parked" "$config" || refuse "unit $unit runs for another ensemble; it must be proved stopped first"
  echo "started=$(now_ms)"; exit 0
fi
from=$(tag)
[ -n "$from" ] || refuse "$tag_file does not say whose data lies in $data"
if [ "$from" != "$to" ]; then
  aside="version-2.zkferry-$from.$generation"
  for folder in "$data" "$logs"; do
    [ ! -e "$folder/version-2" ] || mv "$folder/version-2" "$folder/$aside" || fail "cannot set $folder/version-2 aside"
  done
  write "$to $migration
" "$tag_file"
  own "$tag_file"
fi
cp -p "$parked" "$config.zkferry-new" && mv -f "$config.zkferry-new" "$config" || fail "cannot swap $config"
rm -f "$state/held-$unit"
systemctl reset-failed "$unit" 2> /dev/null
systemctl start --no-block "$unit" || fail "systemctl start $unit failed"
echo "started=$(now_ms)"
`,
    });
    return { startedAt: new Date(Number(told(lines, 'started', observer, 'flip-observer'))).toISOString() };
  },

  async discardSetAside(step) {
    await runStep(ports, step, step.observer, {
      name: 'discard-set-aside',
      detached: true,
      timeoutMs: STEP_MS,
      values: places(step.observer),
      body: 'lock\nrm -rf "$data"/version-2.zkferry-* "$logs"/version-2.zkferry-* || fail "cannot remove what was set aside"\n',
    });
  },
});

/** The observer's zoo.cfg for one ensemble, built upon the file that was found on the host. */
async function configText(ports: Ports, step: ObserverStep, ensemble: EnsembleName): Promise<string> {
  const { observer } = step;
  const lines = await runStep(ports, step, observer, {
    name: 'read-zoo-cfg',
    timeoutMs: STEP_MS,
    values: { ...places(observer), kept: `${stateFolder(observer, step.fence.cluster)}/zoo.cfg.found` },
    body: `
file="$config"; [ ! -f "$state/found" ] || file="$kept"
[ -f "$file" ] && echo "text=$(base64 < "$file" | tr -d '\\n')" || echo text=
`,
  });
  const base = Buffer.from(lines.get('text') ?? '', 'base64').toString('utf8');
  const { servers, reconfigEnabled } = step[ensemble];
  const text = observerZooCfg({
    observer,
    participants: [...servers],
    reconfigEnabled,
    ...(base === '' ? {} : { base }),
  });
  return text.endsWith('\n') ? text : `${text}\n`;
}
