import type { Incident } from '../../src/domain/status.js';
import type { LabJson } from '../contract.js';
import type { FaultRecord } from './injector.js';

/**
 * Whether one of the open incidents names a host that a fault has hit: only then has the person who is asked been told
 * the truth. Hosts go by name or by address (discovered agents have no other name).
 */
export function isTrue(incidents: readonly Incident[], faults: readonly FaultRecord[], lab: LabJson): boolean {
  const hit = faults.flatMap(({ hit: at, target }) => (at === null || target === null ? [] : target.split(', ')));
  const hosts = [...lab.source, ...lab.target, ...lab.observers, ...lab.masters, ...lab.agents, ...lab.frameworks];
  const words = hit.flatMap((name) => [name, ...hosts.filter((host) => host.name === name).map(({ host }) => host)]);
  return incidents
    .filter(({ closedAt }) => closedAt === null)
    .some(({ host, message }) => words.some((word) => host === word || message.includes(word)));
}
