import type { FrameworkInstanceConfig, MasterConfig } from '../config.js';
import { sameServers } from '../master-url.js';
import type { Finding } from '../plan.js';
import type { HostSurvey, PlaceSurvey, UrlSurvey } from '../survey.js';
import { block, warn } from './finding.js';

/** A process that moves: it runs, and its master URL comes from the one place that is edited. */
export function processRules(
  { name: host, masterUrl }: MasterConfig | FrameworkInstanceConfig,
  { activeState, unit, place, otherUnits, otherPlaces, changedFlags }: HostSurvey,
  source: UrlSurvey,
): Finding[] {
  const findings: Finding[] = [];
  if (activeState !== 'active') {
    findings.push(
      block('unit-not-running', {
        host,
        seen: `${unit} is ${activeState} on ${host}`,
      }),
    );
  }
  if (masterUrl.kind === 'file' && otherUnits.length > 0) {
    findings.push(
      block('shared-master-url', {
        host,
        seen: `${otherUnits.join(', ')} on ${host} may read ${masterUrl.path}, too`,
      }),
    );
  }
  for (const file of otherPlaces) {
    findings.push(
      block('master-url-twice', {
        host,
        seen: `${file} on ${host} sets the master URL as well as ${masterUrl.path}`,
      }),
    );
  }
  if (changedFlags.length > 0) {
    findings.push(
      block('agent-flags-changed', {
        host,
        seen: `${changedFlags.join(', ')} on ${host} ${changedFlags.length === 1 ? 'is' : 'are'} younger than the agent`,
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
      }),
    );
  }
  if (place.url !== null && !sameUrl(place.url, source)) {
    findings.push(
      block('master-url-not-source', {
        host,
        seen: `${place.path} on ${host} names ${urlText(place.url)}`,
        remedy: `make it ${urlText(source)} and restart the process, or correct source`,
      }),
    );
  }
  if (place.runsWith !== null && !sameUrl(place.runsWith, source)) {
    findings.push(
      block('runs-elsewhere', {
        host,
        seen: `the process on ${host} was started with ${urlText(place.runsWith)}`,
        remedy: `see where its value comes from: flag file, environment or unit; ${place.path} is not it`,
      }),
    );
  } else if (place.runsWith === null && place.changedSinceStart) {
    findings.push(
      warn('master-url-changed', {
        host,
        seen: `${place.path} on ${host} is younger than the process`,
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
