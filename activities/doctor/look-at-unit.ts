import type { ClusterConfig, HostConfig, MasterUrlPlace, ServerConfig } from '../../src/domain/config.js';
import type { HostFacts, Side } from '../../src/domain/doctor/observation.js';
import { redactUrl, sameServers } from '../../src/domain/master-url.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import { shq } from '../../src/domain/shell-quote.js';
import type { UrlSurvey } from '../../src/domain/survey.js';
import { stateFolder } from '../hosts/script.js';
import { placeSurvey } from '../planning/place-survey.js';
import type { Ports } from '../ports.js';
import { endpointsOf } from '../reach/addresses.js';
import { type HostProcess, isProvedStopped, lookAtProcess } from '../reach/host-process.js';

export interface UnitSubject {
  readonly host: HostConfig;
  readonly unit: string;
  readonly place: MasterUrlPlace | null;
  readonly observer: ServerConfig | null;
}

const TIMEOUT_MS = 20_000;

/** One process, its files of ours and where it points; reads only. @throws when the host cannot be looked at */
export async function lookAtUnit(
  ports: Ports,
  config: ClusterConfig,
  subject: UnitSubject,
  signal: AbortSignal,
): Promise<HostFacts> {
  const { host, unit, place } = subject;
  const text = scriptFor(config.cluster, subject);
  const script = { name: 'doctor-look', text, detached: false, timeoutMs: TIMEOUT_MS };
  const result = await ports.shell.run(host, config.ssh, script, signal);
  const all = (key: string): string[] =>
    [...result.stdout.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  const [complete] = all('complete');
  if (result.exitCode !== 0 || complete !== '1') {
    const seen = `exit code ${String(result.exitCode)} ${result.stderr.trim().slice(0, 200)}`;
    throw new NotProvedError(host.name, 'the host can be looked at', seen, { retryable: true });
  }
  const process = await lookAtProcess(ports.shell, config.ssh, { host, unit }, signal);
  const decoded = (key: string): string | null =>
    all(key).length === 0 ? null : Buffer.from(all(key)[0] ?? '', 'base64').toString('utf8');
  const found =
    place === null
      ? null
      : placeSurvey(place, {
          text: decoded('place'),
          args: (decoded('args') ?? '').split('\n'),
          changedAt: 0,
          startedAt: 0,
        });
  const [state] = all('state');
  const [migration, generation] = (all('generation')[0] ?? '').split(' ');
  const highest = Math.max(...[generation ?? 0, ...all('above')].map(Number));
  const original = decoded('original');
  const tag = all('tag')[0];
  return {
    process: isProvedStopped(process) ? 'stopped' : process.mainPid !== null ? 'running' : 'unknown',
    held: all('kept').includes(`held-${unit}`),
    dropIn: all('dropIn')[0] ?? null,
    state: state === undefined ? null : { folder: state, migration: migration || null, generation: highest },
    kept: all('kept'),
    file: sideOf(config, found?.url ?? null),
    connected: found?.runsWith ? sideOf(config, found.runsWith) : await connectedSide(config, process),
    original: original === null || place === null ? null : lineOf(place, original),
    tag: tag === 'source' || tag === 'target' ? tag : null,
    parked: all('parked').length === 2,
    setAside: all('aside'),
  };
}

/** The line with the master URL and no other: an environment file may hold more secrets than that. */
function lineOf(place: MasterUrlPlace, text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const found =
    place.kind === 'file'
      ? lines.find((line) => line !== '' && !line.startsWith('#'))
      : lines.findLast((line) => line.replace(/^export\s+/, '').startsWith(`${place.key}=`));
  return redactUrl(found ?? 'a file without such a line');
}

/** The side all of whose servers, and no others, a master URL names. */
export function sideOf(config: ClusterConfig, url: UrlSurvey | null): Side {
  if (url === null) return 'unknown';
  if (url.path !== config.electionPath) return 'elsewhere';
  for (const [side, servers] of sides(config)) {
    const ends = servers.map(({ address, clientPort }) => ({ address, port: clientPort }));
    if (servers.length > 0 && sameServers(url, { servers: ends })) return side;
  }
  return 'elsewhere';
}

/** By the established connections of the process: it has one to a ZooKeeper server at a time. */
async function connectedSide(config: ClusterConfig, { sockets }: HostProcess): Promise<Side> {
  for (const [side, servers] of sides(config)) {
    const ends = await endpointsOf(servers.map(({ address, clientPort }) => ({ address, port: clientPort })));
    if (sockets.some(({ remote }) => ends.some(({ ip, port }) => ip === remote.ip && port === remote.port)))
      return side;
  }
  return 'unknown';
}

function sides(
  config: ClusterConfig,
): readonly (readonly ['source' | 'observers' | 'target', readonly ServerConfig[]])[] {
  return [
    ['source', config.source.servers],
    ['target', config.target.servers],
    ['observers', config.observers],
  ];
}

function scriptFor(cluster: string, { host, unit, place, observer }: UnitSubject): string {
  const file = unit.includes('.service') ? unit : `${unit}.service`;
  return [
    `unit=${shq(unit)}; root=${shq(host.root)}; state=${shq(stateFolder(host, cluster))}`,
    `dropin="$root"/etc/systemd/system/${shq(file)}.d/90-zkferry.conf`,
    '[ ! -e "$dropin" ] || echo "dropIn=$dropin"',
    'if [ -d "$state" ]; then',
    '  echo "state=$state"',
    '  [ ! -f "$state/generation" ] || echo "generation=$(cat "$state/generation")"',
    '  for above in "$state"/above-*; do [ ! -e "$above" ] || echo "above=${above##*-}"; done',
    '  for kept in "$state"/*; do [ -e "$kept" ] && echo "kept=${kept##*/}"; done',
    '  for original in orig found; do',
    '    [ ! -f "$state/$original-$unit" ] || { echo "original=$(base64 < "$state/$original-$unit" | tr -d "\\n")"; break; }',
    '  done',
    'fi',
    ...(place === null
      ? []
      : [
          `place=${shq(host.root + place.path)}`,
          '[ ! -r "$place" ] || echo "place=$(base64 < "$place" | tr -d "\\n")"',
        ]),
    'pid=$(systemctl show -p MainPID "$unit" | sed -n "s/^MainPID=//p")',
    'if [ "${pid:-0}" -gt 0 ] && [ -r "/proc/$pid/cmdline" ]; then',
    '  echo "args=$(tr "\\000" "\\n" < "/proc/$pid/cmdline" | base64 | tr -d "\\n")"',
    'fi',
    ...observerLines(host.root, observer),
    'echo complete=1',
    '',
  ].join('\n');
}

function observerLines(root: string, observer: ServerConfig | null): string[] {
  if (observer === null) return [];
  const { dataDir, dataLogDir, configFile } = observer;
  const folders = [dataDir, ...(dataLogDir === null ? [] : [dataLogDir])].map((folder) => shq(root + folder));
  return [
    `[ ! -f ${shq(root + dataDir)}/zkferry-ensemble ] || { read -r tag rest < ${shq(root + dataDir)}/zkferry-ensemble; echo "tag=$tag"; }`,
    ...folders.map(
      (folder) => `for aside in ${folder}/version-2.zkferry-*; do [ -e "$aside" ] && echo "aside=$aside"; done`,
    ),
    ...['source', 'target'].map(
      (side) => `[ ! -f ${shq(`${root}${configFile}.zkferry-${side}`)} ] || echo parked=${side}`,
    ),
  ];
}
