import type { ClusterConfig, HostConfig, ServerConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { HostSurvey, Survey } from '../survey.js';
import { block, info, warn } from './finding.js';
import { connectionRules } from './connection-rules.js';
import { observerRules } from './observer-rules.js';
import { processRules } from './process-rules.js';

const NEEDED_KB = 100 * 1024;

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
      return seen === undefined ? [] : processRules(process, seen, sourceUrl);
    }),
    ...config.masters.flatMap(({ name }) => supervision(name, of(name))),
    ...agents.flatMap(({ name }) => killMode(name, of(name))),
    ...agents.flatMap((agent) => strayMaster(config, agent, of(agent.name))),
    ...connectionRules(config, survey),
    ...config.observers.flatMap((observer) => observerRules(observer, of(observer.name))),
  ];
}

export function anyHost(host: string, seen: HostSurvey): Finding[] {
  const findings: Finding[] = [];
  if (seen.loadState !== 'loaded') {
    findings.push(
      block('unit-missing', {
        host,
        seen: `unit ${seen.unit} is ${seen.loadState === '' ? 'unknown' : seen.loadState} on ${host}`,
      }),
    );
  }
  if (!seen.mayWrite) {
    findings.push(
      block('no-privilege', {
        host,
        seen: `the ssh user may not write to /etc and /var/lib on ${host}`,
      }),
    );
  }
  if (seen.missingTools.length > 0) {
    findings.push(
      block('tools-missing', {
        host,
        seen: `${seen.missingTools.join(', ')} not found on ${host}`,
      }),
    );
  }
  if (seen.managers.length > 0) {
    findings.push(
      warn('configuration-management', {
        host,
        seen: `${seen.managers.join(', ')} runs on ${host}`,
      }),
    );
  }
  if (seen.freeKb !== null && seen.freeKb < NEEDED_KB) {
    findings.push(
      block('disk-full', {
        host,
        seen: `${String(Math.floor(seen.freeKb / 1024))} MiB are free under /var/lib on ${host}`,
        remedy: `free at least ${String(NEEDED_KB / 1024)} MiB`,
      }),
    );
  }
  return findings;
}

/** Endpoints at which somebody listens already; observers are still to be started, and only a leader takes followers. */
function listeningNow({ source, target }: ClusterConfig): ReadonlySet<string> {
  const servers = clientEndpoints([...source.servers, ...target.servers]);
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
      }),
    );
  }
  return findings;
}

/** A leading master that loses its session exits: somebody has to start it again. */
function supervision(host: string, seen: HostSurvey | undefined): Finding[] {
  if (seen === undefined || ['always', 'on-failure'].includes(seen.restart)) return [];
  return [
    warn('no-restart', {
      host,
      seen: `${seen.unit} on ${host} has Restart=${seen.restart || 'no'}`,
    }),
  ];
}

function killMode(host: string, seen: HostSurvey | undefined): Finding[] {
  if (seen === undefined || seen.killMode === 'process') return [];
  return [
    warn('kill-mode', {
      host,
      seen: `${seen.unit} on ${host} has KillMode=${seen.killMode || 'control-group'}`,
    }),
  ];
}

/** A master that nobody configured would stand for election as soon as its file names an ensemble. */
function strayMaster({ masters }: ClusterConfig, agent: HostConfig, seen: HostSurvey | undefined): Finding[] {
  if (seen?.otherUnits.includes('mesos-master') !== true) return [];
  if (masters.some(({ address, unit }) => address === agent.address && unit === 'mesos-master')) return [];
  return [
    block('stray-master', {
      host: agent.name,
      seen: `unit mesos-master is enabled or runs on ${agent.name}, which is no configured master`,
    }),
  ];
}

export function clientEndpoints(servers: readonly ServerConfig[]): { address: string; port: number }[] {
  return servers.map(({ address, clientPort }) => ({ address, port: clientPort }));
}
