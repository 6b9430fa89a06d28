import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { EnsembleSurvey, ServerSurvey, Survey } from '../survey.js';
import { block, info, warn } from './finding.js';

type EnsembleName = 'source' | 'target';

/** A whole request, data included, that a server takes unless told otherwise (ZooKeeper `BinaryInputArchive`). */
const JUTE_MAX_BYTES = 0xfffff;

/** What the servers run with: what makes Mesos' ZooKeeper library abort, and where the ensembles must agree. */
export function settingsRules(config: ClusterConfig, survey: Survey): Finding[] {
  return [
    ...(['source', 'target'] as const).flatMap((name) => [
      ...unknownRules(name, survey),
      ...reconfigRules(name, survey[name]),
    ]),
    ...survey.target.servers.flatMap(deadlySettings),
    ...survey.target.servers.flatMap((server) => sessionRules(config, server)),
    ...digestRules(config, survey),
    ...bufferRules(survey),
    ...dataFolderRules(config, survey),
  ];
}

function unknownRules(ensemble: EnsembleName, { hosts, ...survey }: Survey): Finding[] {
  return survey[ensemble].servers.flatMap(({ name: host }) => {
    const file = hosts[host]?.server;
    if (file === null || file === undefined) return [];
    if (file.problem !== null) {
      const text = { host, seen: `zoo.cfg of ${host}: ${file.problem}` };
      return [
        ensemble === 'target'
          ? warn('settings-unknown', text)
          : info('settings-unknown', { ...text, why: 'its settings were not checked' }),
      ];
    }
    if (!file.changedSinceStart) return [];
    return [
      warn('settings-changed', {
        host,
        seen: `zoo.cfg of ${host} is younger than its server`,
      }),
    ];
  });
}

function reconfigRules(ensemble: EnsembleName, { servers }: EnsembleSurvey): Finding[] {
  if (new Set(servers.map(reconfigEnabled)).size < 2) return [];
  return [
    block('reconfig-differs', {
      seen: `the servers of ${ensemble} do not agree on reconfigEnabled`,
    }),
  ];
}

/** What newer servers may answer that the ZooKeeper client inside Mesos does not know: it aborts the process. */
function deadlySettings({ name, settings }: ServerSurvey): Finding[] {
  const found = Object.entries(settings ?? {}).filter(([key, value]) => isDeadly(key, value));
  return found.map(([key, value]) =>
    block('setting-crashes-mesos', {
      host: name,
      seen: `${name} runs with ${key}=${value}`,
      remedy: `take ${key} back on all servers of target`,
    }),
  );
}

function isDeadly(key: string, value: string): boolean {
  const name = key.replace(/^zookeeper\./, '').toLowerCase();
  const on = value.toLowerCase() === 'true';
  if (name === 'localsessionsenabled') return on;
  if (['sessionrequireclientsaslauth', 'enforce.auth.enabled', 'enforcequota'].includes(name)) return on;
  return ['request_throttle_max_requests', 'connection_throttle_tokens'].includes(name) && Number(value) > 0;
}

export function reconfigEnabled({ settings }: Pick<ServerSurvey, 'settings'>): boolean {
  return settings?.['reconfigEnabled']?.toLowerCase() === 'true';
}

/** Limits of target bind every session there, and after the window those of the masters. */
function sessionRules({ policy }: ClusterConfig, { name: host, settings }: ServerSurvey): Finding[] {
  const { sessionMs } = policy.timeouts;
  const [least, most] = [positive(settings?.['minSessionTimeout']), positive(settings?.['maxSessionTimeout'])];
  const findings: Finding[] = [];
  if (least !== null && least > sessionMs) {
    findings.push(
      warn('session-minimum', {
        host,
        seen: `${host} makes every session last at least ${String(least / 1000)} s`,
      }),
    );
  }
  if (most !== null && most < sessionMs) {
    findings.push(
      warn('session-maximum', {
        host,
        seen: `${host} ends every session after at most ${String(most / 1000)} s`,
      }),
    );
  }
  return findings;
}

export function positive(text: string | undefined): number | null {
  const value = Number(text ?? 'unknown');
  return Number.isFinite(value) && value > 0 ? value : null;
}

/** Ids in ACLs are digests of passwords: what source wrote means nobody on servers that digest otherwise. */
function digestRules({ credentials }: ClusterConfig, { source, target }: Survey): Finding[] {
  const acls = Object.values(source.tree?.parents ?? {}).flat();
  if (credentials.source === null && !acls.some(({ scheme }) => scheme === 'digest')) return [];
  const algorithms = new Set([...source.servers, ...target.servers].map(digestAlgorithm));
  if (algorithms.size < 2) return [];
  return [
    block('digest-algorithm', {
      seen: `the servers digest passwords by ${[...algorithms].sort().join(' and ')}`,
    }),
  ];
}

function digestAlgorithm({ settings }: ServerSurvey): string {
  return settings?.['DigestAuthenticationProvider.digestAlg'] ?? 'SHA1';
}

function bufferRules({ source, target }: Survey): Finding[] {
  const limit = ({ settings }: ServerSurvey): number => positive(settings?.['jute.maxbuffer']) ?? JUTE_MAX_BYTES;
  const wanted = Math.max(...source.servers.map(limit));
  return target.servers
    .filter((server) => limit(server) < wanted)
    .map((server) =>
      block('jute-maxbuffer', {
        host: server.name,
        seen: `${server.name} takes at most ${String(limit(server))} bytes, source ${String(wanted)}`,
        remedy: `start the servers of target with -Djute.maxbuffer=${String(wanted)}`,
      }),
    );
}

/** The raise of the epoch edits files in target's data folders (S16). */
function dataFolderRules({ strategy, target }: ClusterConfig, survey: Survey): Finding[] {
  if (strategy !== 'observers' || !target.allowRestart) return [];
  return target.servers.flatMap(({ name: host, root, dataDir }) => {
    const seen = survey.target.servers.find(({ name }) => name === host)?.settings?.['dataDir'];
    const [found, wanted] = [seen?.replace(/\/version-2\/?$|\/$/, ''), root + dataDir];
    if (found === undefined || found === wanted) return [];
    return [
      block('data-folder', {
        host,
        seen: `${host} keeps its data in ${found}, the configuration says ${wanted}`,
        remedy: `set dataDir of ${host} to what its zoo.cfg says`,
      }),
    ];
  });
}
