import type { HostConfig, MasterUrlPlace, ServerConfig, SshConfig } from '../../src/domain/config.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import { shq } from '../../src/domain/shell-quote.js';
import { parseSocketAddress } from '../../src/domain/socket-table.js';
import type { HostSurvey } from '../../src/domain/survey.js';
import type { HostShell } from '../../src/ports/host-shell.js';
import { ENVIRONMENT, flagLines, otherPlaceLines, serverLines } from './host-look-lines.js';
import { placeSurvey } from './place-survey.js';
import { serverFileSurvey } from './server-file-survey.js';

/** One configured process to look at on its host. */
export interface HostSubject {
  readonly host: HostConfig;
  readonly unit: string;
  readonly place: MasterUrlPlace | null;
  /** ZooKeeper endpoints the process will need fresh connections to. */
  readonly reach: readonly { readonly address: string; readonly port: number }[];
  /** Set for an observer that is still to be installed. */
  readonly observer: ServerConfig | null;
  /** Set for a participant of source or target. */
  readonly server: ServerConfig | null;
  /** As the packages spell it in the names of their files; null for other processes. */
  readonly role: 'master' | 'slave' | null;
}

const TIMEOUT_MS = 30_000;
const TOOLS = ['flock', 'setsid', 'awk', 'sed', 'mktemp', 'base64'];
/** Units of what may put an edited file back. */
const MANAGERS = ['puppet', 'puppet-agent', 'chef-client', 'salt-minion', 'cfengine3'];
/** Units of the packages that read `/etc/mesos/zk` (M 7.1). */
const READERS = ['mesos-master', 'mesos-slave', 'mesos-agent', 'marathon', 'chronos'];

/** Looks at one process and its host by one read-only script. */
export async function lookAtHost(
  shell: HostShell,
  ssh: SshConfig,
  cluster: string,
  subject: HostSubject,
  signal: AbortSignal,
): Promise<HostSurvey> {
  const text = scriptFor(cluster, subject);
  const script = { name: 'survey-host', text, detached: false, timeoutMs: TIMEOUT_MS };
  const result = await shell.run(subject.host, ssh, script, signal);
  const all = (key: string): string[] =>
    [...result.stdout.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  const one = (key: string): string => all(key)[0] ?? '';
  if (result.exitCode !== 0 || one('complete') !== '1') {
    const seen = `exit code ${String(result.exitCode)} ${result.stderr.trim().slice(0, 200)}`;
    throw new NotProvedError(subject.host.name, 'the host can be surveyed', seen, { retryable: true });
  }
  const { place } = subject;
  return {
    unit: subject.unit,
    loadState: one('LoadState'),
    activeState: one('ActiveState'),
    restart: one('Restart'),
    killMode: one('KillMode'),
    mayWrite: one('mayWrite') === '1',
    missingTools: TOOLS.filter((tool) => !all('tool').includes(tool)),
    freeKb: /^\d+$/.test(one('freeKb')) ? Number(one('freeKb')) : null,
    place:
      place === null
        ? null
        : placeSurvey(place, {
            text: all('place').length === 0 ? null : decode(one('place')),
            args: [...decode(one('args')).split('\n'), ...decode(one('env')).split('\n')],
            changedAt: Number(one('changedAt') || '0'),
            startedAt: Number(one('startedAt') || '0'),
          }),
    otherPlaces: all('also'),
    changedFlags: all('changedFlag'),
    managers: MANAGERS.filter((_, index) => all('manager')[index] === 'active'),
    server:
      subject.server === null
        ? null
        : serverFileSurvey({
            text: all('zooCfg').length === 0 ? null : decode(one('zooCfg')),
            args: decode(one('args')).split('\n'),
            changedAt: Number(one('zooCfgAt') || '0'),
            startedAt: Number(one('startedAt') || '0'),
          }),
    otherUnits: all('reader'),
    endpoints: all('reach').map((line) => {
      const [endpoint = '', code = ''] = line.split(' ');
      return { endpoint, outcome: outcomeOf(code) };
    }),
    listening: all('listen').map(parseSocketAddress),
    foreignData: all('foreign'),
    residue: all('residue'),
  };
}

function outcomeOf(code: string): HostSurvey['endpoints'][number]['outcome'] {
  if (code === '0') return 'open';
  if (code === 'unchecked') return 'unchecked';
  // 124 is what `timeout` exits with; 137/143 when it had to kill.
  return ['124', '137', '143'].includes(code) ? 'blocked' : 'refused';
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function scriptFor(cluster: string, { host, unit, place, reach, observer, server, role }: HostSubject): string {
  const root = host.root;
  const state = `${root}/var/lib/zkferry/${cluster}`;
  return [
    `unit=${shq(unit)}; root=${shq(root)}; state=${shq(state)}`,
    'systemctl show -p LoadState -p ActiveState -p MainPID -p Restart -p KillMode "$unit" || exit 3',
    `for tool in ${TOOLS.join(' ')}; do command -v "$tool" >/dev/null 2>&1 && echo "tool=$tool"; done`,
    'df -Pk "$root/var/lib" 2>/dev/null | awk \'NR == 2 { print "freeKb=" $4 }\'',
    '[ -w "$root/var/lib" ] && [ -w "$root/etc" ] && echo mayWrite=1',
    ...placeLines(root, place),
    'pid=$(systemctl show -p MainPID "$unit" | sed -n "s/^MainPID=//p")',
    'if [ "${pid:-0}" -gt 0 ] && [ -r "/proc/$pid/stat" ]; then',
    '  ticks=$(sed "s/.*) //" "/proc/$pid/stat" | awk \'{ print $20 }\')',
    '  boot=$(awk \'$1 == "btime" { print $2 }\' /proc/stat)',
    '  startedAt=$((boot + ticks / $(getconf CLK_TCK 2>/dev/null || echo 100)))',
    '  echo "startedAt=$startedAt"',
    '  echo "args=$(tr "\\000" "\\n" <"/proc/$pid/cmdline" | base64 | tr -d "\\n")"',
    ...(place === null ? [] : [ENVIRONMENT]),
    ...flagLines(role),
    'fi',
    ...serverLines(server),
    ...otherPlaceLines(role, place),
    `systemctl is-active ${MANAGERS.join(' ')} 2>/dev/null | sed 's/^/manager=/'`,
    `for reader in ${READERS.join(' ')}; do`,
    '  [ "$reader" = "$unit" ] && continue',
    '  seen=$(systemctl show -p LoadState -p ActiveState -p UnitFileState "$reader" 2>/dev/null) || continue',
    '  case $seen in *LoadState=loaded*) ;; *) continue;; esac',
    '  case $seen in *ActiveState=active*|*UnitFileState=enabled*) echo "reader=$reader";; esac',
    'done',
    '[ -d "$state" ] && echo "residue=$state"',
    'for file in "$root"/etc/systemd/system/*.d/90-zkferry.conf; do [ -e "$file" ] && echo "residue=$file"; done',
    ...observerLines(root, observer),
    ...reachLines(reach),
    'echo complete=1',
    '',
  ].join('\n');
}

function placeLines(root: string, place: MasterUrlPlace | null): string[] {
  if (place === null) return [];
  return [
    `place=${shq(root + place.path)}`,
    'if [ -r "$place" ]; then',
    '  echo "place=$(base64 <"$place" | tr -d "\\n")"',
    '  echo "changedAt=$(stat -L -c %Y "$place")"',
    'fi',
  ];
}

function observerLines(root: string, observer: ServerConfig | null): string[] {
  if (observer === null) return [];
  const { dataDir, dataLogDir } = observer;
  const folders = [dataDir, ...(dataLogDir === null ? [] : [dataLogDir])].map((folder) => root + folder);
  return [
    ...folders.flatMap((folder) => [
      `[ -e ${shq(`${folder}/version-2`)} ] && echo foreign=${shq(`${folder}/version-2`)}`,
      `for file in ${shq(folder)}/version-2.zkferry-* ${shq(folder)}/zkferry-ensemble; do [ -e "$file" ] && echo "residue=$file"; done`,
    ]),
    'cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk \'$4 == "0A" { print "listen=" $2 }\'',
  ];
}

/** Fresh connections, all at once: a firewall often lets only established ones pass. */
function reachLines(reach: HostSubject['reach']): string[] {
  if (reach.length === 0) return [];
  const pairs = reach.map(({ address, port }) => shq(`${address} ${String(port)}`)).join(' ');
  return [
    'probe() {',
    '  if command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then',
    '    timeout 3 bash -c \'exec 3<>"/dev/tcp/$0/$1"\' "$1" "$2" >/dev/null 2>&1; echo "reach=$1:$2 $?"',
    '  elif command -v nc >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then',
    '    timeout 3 nc -z "$1" "$2" >/dev/null 2>&1; echo "reach=$1:$2 $?"',
    '  else echo "reach=$1:$2 unchecked"; fi',
    '}',
    `for pair in ${pairs}; do probe "\${pair% *}" "\${pair##* }" & done; wait`,
  ];
}
