import type { ServerConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { HostSurvey } from '../survey.js';
import { block } from './finding.js';

const WILDCARDS = ['0.0.0.0', '0:0:0:0:0:0:0:0'];

/** What lies and runs where an observer is to be. */
export function observerRules(observer: ServerConfig, seen: HostSurvey | undefined): Finding[] {
  if (seen === undefined) return [];
  const host = observer.name;
  const findings: Finding[] = [];
  if (seen.activeState === 'active' || seen.activeState === 'activating') {
    findings.push(
      block('observer-running', {
        host,
        seen: `${seen.unit} already runs on ${host}`,
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
      }),
    );
  }
  for (const path of seen.foreignData) {
    findings.push(
      block('observer-has-data', {
        host,
        seen: `${path} exists on ${host}`,
      }),
    );
  }
  return findings;
}
