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
  rm -f "$2.zkferry-new"
  # Settings may hold passwords of key stores: as readable as the file was that was found, no more.
  like="$2"; [ -e "$like" ] || like="\${3:-$2}"
  [ ! -e "$like" ] || cp -p "$like" "$2.zkferry-new" || fail "cannot write $2"
  printf '%s' "$1" > "$2.zkferry-new" && flush "$2.zkferry-new" && mv -f "$2.zkferry-new" "$2" && flush "\${2%/*}" ||
    { rm -f "$2.zkferry-new"; fail "cannot write $2"; }
}
# With reconfig, ZooKeeper moves the server list out of zoo.cfg and keeps a copy; a restart would read the old list.
drop_rewritten() { discard "$config".dynamic.* "$config".bak; }
# Before the tag says that the data has changed, for it may lie on another disk.
flush_data() { for folder in "$data" "$logs"; do flush "$folder"; done; }
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
if [ ! -f "$state/found-$unit" ]; then
  is_stopped || { echo "remedy=give observers hosts of their own"; refuse "unit $unit runs already, and not for this migration"; }
  for folder in "$data" "$logs"; do
    [ ! -e "$folder/version-2" ] || { echo "remedy=move the data away, or choose another host"; refuse "$folder/version-2 holds data of another server"; }
  done
  # Of a look that was broken off.
  discard "$state/zoo.cfg-$unit" "$state/myid-$unit" "$state/rewritten-$unit" "$state"/no-*-"$unit" "$state/restored-$unit"
  [ ! -f "$config" ] || keep "$config" "$state/zoo.cfg-$unit"
  [ ! -f "$data/myid" ] || keep "$data/myid" "$state/myid-$unit"
  mkdir "$state/rewritten-$unit" || fail "cannot write to $state"
  for kept in "$config".dynamic.* "$config".bak; do
    [ ! -f "$kept" ] || keep "$kept" "$state/rewritten-$unit/\${kept##*/}"
  done
  [ -d "$data" ] || mark "$state/no-data-$unit"
  [ -d "$logs" ] || mark "$state/no-logs-$unit"
  [ -d "$(dirname "$config")" ] || mark "$state/no-config-folder-$unit"
  put "$(systemctl is-enabled "$unit" 2> /dev/null)" "$state/found-$unit"
fi
# What was written is compared, not the file: with reconfig, ZooKeeper rewrites it.
sum=$(printf '%s' "$text" | cksum | tr ' ' '-')
if [ "$(tag)" = "$ensemble" ] && [ "$(cat "$state/config-$unit" 2> /dev/null)" = "$ensemble $sum" ] && ! is_stopped; then
  echo changed=0; exit 0
fi
is_stopped || refuse "unit $unit runs with another config or for the other ensemble; it must be stopped first"
mkdir -p "$data" "$logs" || fail "cannot create $data"
if [ "$(tag)" != "$ensemble" ]; then
  # Data of the other ensemble would be served as a silent mix; it is a copy, so it goes.
  discard "$data/version-2" "$logs/version-2"
  flush_data
  write "$ensemble $migration
" "$tag_file"
fi
write "$id
" "$data/myid"
drop_rewritten
write "$text" "$config"
own "$data" "$logs" "$config"
put "$ensemble $sum" "$state/config-$unit"
discard "$state/held-$unit"
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
      body: 'if [ -f "$state/found-$unit" ] || [ -f "$state/restored-$unit" ]; then echo found=1; else echo found=0; fi\n',
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
if [ -f "$state/found-$unit" ]; then
  for folder in "$data" "$logs"; do
    discard "$folder/version-2" "$folder"/version-2.zkferry-*
  done
  discard "$tag_file" "$config.zkferry-source" "$config.zkferry-target"
  # Of a step that a crash broke off.
  discard "$tag_file.zkferry-new" "$data/myid.zkferry-new" "$config.zkferry-new" "$config".zkferry-*.zkferry-new
  discard "$(temporary "$config")" "$(temporary "$data/myid")"
  drop_rewritten
  for kept in "$state/rewritten-$unit"/*; do
    [ ! -f "$kept" ] || restore "$kept" "$(dirname "$config")/\${kept##*/}"
  done
  restore "$state/zoo.cfg-$unit" "$config"
  restore "$state/myid-$unit" "$data/myid"
  [ ! -f "$state/no-logs-$unit" ] || rmdir "$logs" 2> /dev/null
  [ ! -f "$state/no-data-$unit" ] || rmdir "$data" 2> /dev/null
  [ ! -f "$state/no-config-folder-$unit" ] || rmdir "$(dirname "$config")" 2> /dev/null
  case $(cat "$state/found-$unit") in
    enabled*) ;;
    *) systemctl disable "$unit" > /dev/null 2>&1 || fail "systemctl disable $unit failed" ;;
  esac
  # From here on a run again must not take the copies, which go one by one, for what was found.
  mv -f "$state/found-$unit" "$state/restored-$unit" && flush "$state" || fail "cannot write to $state"
fi
[ -f "$state/restored-$unit" ] || exit 0
discard "$state/held-$unit" "$state/zoo.cfg-$unit" "$state/myid-$unit" "$state/config-$unit" "$state/parked-$unit"
discard "$state"/no-*-"$unit" "$state/rewritten-$unit"
discard "$state/restored-$unit"
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
put "$config" "$state/parked-$unit"
write "$source" "$config.zkferry-source" "$config"
write "$target" "$config.zkferry-target" "$config"
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
  # Here by a run before, whose reply was lost. The file may have been rewritten by ZooKeeper since.
  case "$(tag) $(cat "$state/config-$unit" 2> /dev/null)" in "$to $to "*) ;; *) refuse "unit $unit runs for another ensemble; it must be proved stopped first" ;; esac
  echo "started=$(now_ms)"; exit 0
fi
from=$(tag)
[ -n "$from" ] || refuse "$tag_file does not say whose data lies in $data"
if [ "$from" != "$to" ]; then
  aside="version-2.zkferry-$from.$generation"
  for folder in "$data" "$logs"; do
    [ ! -e "$folder/version-2" ] || mv "$folder/version-2" "$folder/$aside" || fail "cannot set $folder/version-2 aside"
  done
  flush_data
  write "$to $migration
" "$tag_file"
  own "$tag_file"
fi
drop_rewritten
rewrite "$config" "$parked" "$parked"
put "$to $(cksum < "$parked" | tr ' ' '-')" "$state/config-$unit"
in_time
discard "$state/held-$unit"
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
      body: `
# Released already, by a run before.
[ -d "$state" ] || { ls -d "$data"/version-2.zkferry-* "$logs"/version-2.zkferry-* > /dev/null 2>&1 || exit 0; }
lock
discard "$data"/version-2.zkferry-* "$logs"/version-2.zkferry-*
discard "$data/zkferry-ensemble"
`,
    });
  },
});

/** The observer's zoo.cfg for one ensemble, built upon the file that was found on the host. */
async function configText(ports: Ports, step: ObserverStep, ensemble: EnsembleName): Promise<string> {
  const { observer } = step;
  const lines = await runStep(ports, step, observer, {
    name: 'read-zoo-cfg',
    timeoutMs: STEP_MS,
    values: { ...places(observer), kept: `${stateFolder(observer, step.fence.cluster)}/zoo.cfg-${observer.unit}` },
    body: `
file="$config"; [ ! -f "$state/found-$unit" ] || file="$kept"
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
