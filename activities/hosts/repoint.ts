import type { HostConfig, MasterUrlPlace } from '../../src/domain/config.js';
import { setEnvValue } from '../../src/domain/env-file.js';
import { HostStepError } from '../../src/domain/host-errors.js';
import { formatMasterUrl, redactUrl } from '../../src/domain/master-url.js';
import { setOneValue } from '../../src/domain/one-value-file.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { HostActivities, HostStep, RepointReport } from '../contract.js';
import type { Ports } from '../ports.js';
import { runStep, told } from './script.js';

interface Repoint extends HostStep {
  readonly host: HostConfig & { readonly unit: string; readonly masterUrl: MasterUrlPlace };
  /** Null puts the original file back. */
  readonly url: MasterUrl | null;
  /** `restart` by systemd, or SIGKILL of the main process and a start (S12). */
  readonly how: 'restart' | 'sigkill';
}

const READ_MS = 15_000;
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
 * first change; `pending-UNIT`, the process that still has to be restarted, written before the edit;
 * `applied-UNIT`, checksum of the file and the instant of the restart that has read it. So a crash
 * between edit and restart is healed by the next run, and a lost reply costs no second restart.
 */
async function repoint(ports: Ports, step: Repoint): Promise<RepointReport> {
  const { host } = step;
  const place = { unit: host.unit, file: host.root + host.masterUrl.path };
  const restoring = step.url === null;
  const wanted = step.url === null ? '' : await edited(ports, step, step.url, place);
  const lines = await runStep(ports, step, host, {
    name: restoring ? 'restore-master-url' : 'repoint',
    detached: true,
    timeoutMs: RESTART_MS,
    values: { ...place, wanted, restoring: restoring ? 1 : 0, how: step.how },
    body: `
orig="$state/orig-$unit"; pending="$state/pending-$unit"; applied="$state/applied-$unit"
sum() { cksum < "$1" | tr ' ' '-'; }
identity() { p=$(main_pid); case $p in '' | 0) echo none ;; *) echo "$p-$(started_at "$p")" ;; esac; }
report() { echo "changed=$1"; echo "before=$2"; echo "pid=$(main_pid)"; echo "restarted=$3"; exit 0; }

lock
[ -f "$file" ] || refuse "$file is not there"
if [ "$restoring" = 1 ]; then
  [ -f "$orig" ] || report 0 "$(main_pid)" 0
  new="$orig"
else
  [ -f "$orig" ] || { cp -p "$file" "$orig.new" && mv "$orig.new" "$orig"; } || fail "cannot keep $file in $state"
  new="$state/wanted-$unit"
  ( umask 077; printf '%s' "$wanted" > "$new" ) || fail "cannot write to $state"
fi
if [ ! -f "$pending" ] && [ -f "$applied" ] && cmp -s "$new" "$file"; then
  read -r what when who < "$applied"
  if [ "$what" = "$(sum "$file")" ] && [ "$who" = "$(identity)" ]; then report 0 "$(main_pid)" "$when"; fi
fi
[ -f "$pending" ] || put "$(identity)" "$pending"
old=$(cat "$pending")
if ! cmp -s "$new" "$file"; then
  cp -p "$file" "$file.zkferry-new" && cat "$new" > "$file.zkferry-new" && sync "$file.zkferry-new" &&
    mv -f "$file.zkferry-new" "$file" || { rm -f "$file.zkferry-new"; fail "cannot write $file"; }
fi
if [ "$(identity)" = "$old" ] || [ "$(identity)" = none ]; then
  if [ "$how" = sigkill ] && [ "$old" != none ]; then
    systemctl kill -s KILL --kill-who=main "$unit" || fail "systemctl kill $unit failed"
  else
    systemctl reset-failed "$unit" 2> /dev/null
    systemctl restart --no-block "$unit" || fail "systemctl restart $unit failed"
  fi
fi
unlock

n=0
while [ "$(identity)" = "$old" ] || [ "$(identity)" = none ]; do
  [ "$n" -lt 600 ] || fail "$unit has not started again within 60 s ($(active_state))"
  # A killed scheduler would wait for its unit's restart delay.
  if [ "$how" = sigkill ] && [ "$(identity)" = none ]; then systemctl start --no-block "$unit"; fi
  sleep 0.1; n=$((n + 1))
done
lock
now=$(now_ms)
put "$(sum "$file") $now $(identity)" "$applied"
rm -f "$pending" "$state/wanted-$unit"
before=\${old%-*}; [ "$before" = none ] && before=0
report 1 "$before" "$now"
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

/** The file's text with the URL in its place, computed here, where the line editors are. */
async function edited(
  ports: Ports,
  step: Repoint,
  url: MasterUrl,
  place: { readonly unit: string; readonly file: string },
): Promise<string> {
  const { host } = step;
  const lines = await runStep(ports, step, host, {
    name: 'read-master-url',
    timeoutMs: READ_MS,
    values: place,
    body: '[ -f "$file" ] || refuse "$file is not there"\necho "text=$(base64 < "$file" | tr -d "\\n")"\n',
  });
  const text = Buffer.from(told(lines, 'text', host, 'read-master-url'), 'base64').toString('utf8');
  const credentials = await ports.secrets(step.access.credentials[url.credentialsOf]);
  const value = formatMasterUrl(url, credentials);
  try {
    return host.masterUrl.kind === 'file' ? setOneValue(text, value) : setEnvValue(text, host.masterUrl.key, value);
  } catch (error) {
    throw new HostStepError(host.name, 'repoint', redactUrl(`${place.file}: ${(error as Error).message}`), false);
  }
}
