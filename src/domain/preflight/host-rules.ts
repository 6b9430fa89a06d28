import type { ClusterConfig, FrameworkInstanceConfig, MasterConfig, ServerConfig } from '../config.js';
import { sameServers } from '../master-url.js';
import type { Finding } from '../plan.js';
import type { HostSurvey, PlaceSurvey, Survey, UrlSurvey } from '../survey.js';
import { block, info, warn } from './finding.js';

const NEEDED_KB = 100 * 1024;
const WILDCARDS = ['0.0.0.0', '0:0:0:0:0:0:0:0'];

/** Hosts: rights, tools, supervision, master URLs, the network, and what lies where observers are to be. */
export function hostRules(config: ClusterConfig, survey: Survey): Finding[] {
  const of = (name: string): HostSurvey | undefined => survey.hosts[name];
  const agents = survey.cluster?.agents.map(({ agent }) => agent) ?? [];
  const instances = config.frameworks.flatMap((framework) => framework.instances);
  const sourceUrl = { servers: clientEndpoints(config.source.servers), path: config.electionPath };
  return [
    ...Object.entries(survey.hosts).flatMap(([name, seen]) => [
      ...anyHost(name, seen),
      ...endpointRules(name, seen, listeningNow(config)),
    ]),
    ...[...config.masters, ...agents, ...instances].flatMap((process) => {
      const seen = of(process.name);
      return seen === undefined ? [] : clientRules(process, seen, sourceUrl);
    }),
    ...config.masters.flatMap(({ name }) => supervision(name, of(name))),
    ...agents.flatMap(({ name }) => killMode(name, of(name))),
    ...config.observers.flatMap((observer) => observerRules(observer, of(observer.name))),
  ];
}

function anyHost(host: string, seen: HostSurvey): Finding[] {
  const findings: Finding[] = [];
  if (seen.loadState !== 'loaded') {
    findings.push(
      block('unit-missing', {
        host,
        seen: `unit ${seen.unit} is ${seen.loadState === '' ? 'unknown' : seen.loadState} on ${host}`,
        why: 'it is how the process is stopped and started',
        remedy: 'correct the unit in the configuration, or install it',
      }),
    );
  }
  if (!seen.mayWrite) {
    findings.push(
      block('no-privilege', {
        host,
        seen: `the ssh user may not write to /etc and /var/lib on ${host}`,
        why: 'the migration keeps its state there and edits files under /etc',
        remedy: 'set ssh.sudo, or use a user with these rights',
      }),
    );
  }
  if (seen.missingTools.length > 0) {
    findings.push(
      block('tools-missing', {
        host,
        seen: `${seen.missingTools.join(', ')} not found on ${host}`,
        why: 'the host scripts are made of them',
        remedy: 'install them (util-linux, coreutils, awk, sed)',
      }),
    );
  }
  if (seen.freeKb !== null && seen.freeKb < NEEDED_KB) {
    findings.push(
      block('disk-full', {
        host,
        seen: `${String(Math.floor(seen.freeKb / 1024))} MiB are free under /var/lib on ${host}`,
        why: 'a full disk stops a step half-way',
        remedy: `free at least ${String(NEEDED_KB / 1024)} MiB`,
      }),
    );
  }
  return findings;
}

/** Endpoints at which somebody listens already; observers are still to be started. */
function listeningNow({ strategy, target }: ClusterConfig): ReadonlySet<string> {
  const servers = strategy === 'dual-publishing' ? clientEndpoints(target.servers) : [];
  return new Set(servers.map(({ address, port }) => `${address}:${String(port)}`));
}

function endpointRules(host: string, seen: HostSurvey, listening: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = [];
  for (const { endpoint, outcome } of seen.endpoints) {
    // A firewall may refuse as well as swallow.
    const isRefused = outcome === 'refused' && listening.has(endpoint);
    if (outcome === 'blocked' || isRefused) {
      findings.push(
        block('unreachable-endpoint', {
          host,
          seen: isRefused ? `${host} is refused by ${endpoint}` : `${host} gets no answer from ${endpoint}`,
          why: 'a firewall bites only new connections: the first one would be in the middle of the migration',
          remedy: `open the way from ${host} to ${endpoint}`,
        }),
      );
    }
  }
  if (seen.endpoints.some(({ outcome }) => outcome === 'unchecked')) {
    findings.push(
      info('endpoints-unchecked', {
        host,
        seen: `${host} has neither bash nor nc`,
        why: 'fresh connections were not tried',
      }),
    );
  }
  return findings;
}

function clientRules(
  { name: host, masterUrl }: MasterConfig | FrameworkInstanceConfig,
  { activeState, unit, place, otherUnits }: HostSurvey,
  source: UrlSurvey,
): Finding[] {
  const findings: Finding[] = [];
  if (activeState !== 'active') {
    findings.push(
      block('unit-not-running', {
        host,
        seen: `${unit} is ${activeState} on ${host}`,
        why: 'only what runs can be moved and proved to be back',
        remedy: 'start it, or take it out of the configuration',
      }),
    );
  }
  if (masterUrl.kind === 'file' && otherUnits.length > 0) {
    findings.push(
      block('shared-master-url', {
        host,
        seen: `${otherUnits.join(', ')} on ${host} may read ${masterUrl.path}, too`,
        why: 'moving one process would move the other at its next restart',
        remedy: `give each of them a value of its own (masterUrl.envFile), or disable what is not used`,
      }),
    );
  }
  return place === null ? findings : [...findings, ...placeRules(host, place, source)];
}

function placeRules(host: string, place: PlaceSurvey, source: UrlSurvey): Finding[] {
  const findings: Finding[] = [];
  if (place.problem !== null) {
    findings.push(
      block('master-url-unreadable', {
        host,
        seen: `${place.path} on ${host}: ${place.problem}`,
        why: 'it is the one place that the migration edits',
        remedy: 'set masterUrl to where this process really takes its master URL from',
      }),
    );
  }
  if (place.url !== null && !sameUrl(place.url, source)) {
    findings.push(
      block('master-url-not-source', {
        host,
        seen: `${place.path} on ${host} names ${urlText(place.url)}`,
        why: 'every process has to start from source with the election path of the configuration',
        remedy: `make it ${urlText(source)} and restart the process, or correct source`,
      }),
    );
  }
  if (place.runsWith !== null && !sameUrl(place.runsWith, source)) {
    findings.push(
      block('runs-elsewhere', {
        host,
        seen: `the process on ${host} was started with ${urlText(place.runsWith)}`,
        why: 'it does not use source, whatever the file says',
        remedy: `see where its value comes from: flag file, environment or unit; ${place.path} is not it`,
      }),
    );
  } else if (place.runsWith === null && place.changedSinceStart) {
    findings.push(
      warn('master-url-changed', {
        host,
        seen: `${place.path} on ${host} is younger than the process`,
        why: 'what the process really uses is not what the file says, and the next restart changes it',
        remedy: 'restart the process, or see what was changed',
      }),
    );
  }
  return findings;
}

function sameUrl(a: UrlSurvey, b: UrlSurvey): boolean {
  return a.path === b.path && sameServers(a, b);
}

function urlText({ servers, path }: UrlSurvey): string {
  return `zk://${servers.map(({ address, port }) => `${address}:${String(port)}`).join(',')}${path}`;
}

/** A leading master that loses its session exits: somebody has to start it again. */
function supervision(host: string, seen: HostSurvey | undefined): Finding[] {
  if (seen === undefined || ['always', 'on-failure'].includes(seen.restart)) return [];
  return [
    warn('no-restart', {
      host,
      seen: `${seen.unit} on ${host} has Restart=${seen.restart || 'no'}`,
      why: 'a leading master that loses its session exits and stays down',
      remedy: 'set Restart=always in its unit',
    }),
  ];
}

function killMode(host: string, seen: HostSurvey | undefined): Finding[] {
  if (seen === undefined || seen.killMode === 'process') return [];
  return [
    warn('kill-mode', {
      host,
      seen: `${seen.unit} on ${host} has KillMode=${seen.killMode || 'control-group'}`,
      why: 'a restart kills the executors unless the agent moves them into a slice of their own',
      remedy: 'set KillMode=process, or make sure of systemd_enable_support on that agent',
    }),
  ];
}

function observerRules(observer: ServerConfig, seen: HostSurvey | undefined): Finding[] {
  if (seen === undefined) return [];
  const host = observer.name;
  const findings: Finding[] = [];
  if (seen.activeState === 'active' || seen.activeState === 'activating') {
    findings.push(
      block('observer-running', {
        host,
        seen: `${seen.unit} already runs on ${host}`,
        why: 'the observer would take its place',
        remedy: 'choose hosts without a ZooKeeper server, or stop and disable this one',
      }),
    );
  }
  const ports = [observer.clientPort, observer.quorumPort, observer.electionPort];
  const taken = seen.listening.filter(
    ({ ip, port }) => ports.includes(port) && (ip === observer.address || WILDCARDS.includes(ip)),
  );
  for (const { ip, port } of taken) {
    findings.push(
      block('port-taken', {
        host,
        seen: `${ip}:${String(port)} is already listened on at ${host}`,
        why: 'the observer needs that port',
        remedy: 'free the port, or give the observer another one',
      }),
    );
  }
  for (const path of seen.foreignData) {
    findings.push(
      block('observer-has-data', {
        host,
        seen: `${path} exists on ${host}`,
        why: 'an observer with foreign data serves a mixed tree without any error',
        remedy: 'move that data away, or give the observer a dataDir of its own',
      }),
    );
  }
  return findings;
}

export function clientEndpoints(servers: readonly ServerConfig[]): { address: string; port: number }[] {
  return servers.map(({ address, clientPort }) => ({ address, port: clientPort }));
}
