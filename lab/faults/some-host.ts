import type { LabHost } from '../hosts/host.js';
import type { FaultScene } from './fault.js';

export type HostRole = 'source' | 'target' | 'observer' | 'master' | 'agent' | 'framework';

/** The lab's hosts of these roles; roles that the strategy does not touch have none. */
export function hostsOf({ stage, strategy }: FaultScene, ...roles: readonly HostRole[]): LabHost[] {
  const touched = roles.filter((role) => role !== 'observer' || strategy === 'observers');
  return [...stage.lab.hosts.values()].filter(({ name }) => touched.includes(name.replace(/\d+$/, '') as HostRole));
}

/** A host on which a migration changes something. The role is drawn first, or agents would be hit most of the time. */
export function someHost(scene: FaultScene): LabHost {
  const roles = (['observer', 'master', 'agent', 'framework'] as const).filter(
    (role) => hostsOf(scene, role).length > 0,
  );
  return scene.random.pick(hostsOf(scene, scene.random.pick(roles)));
}
