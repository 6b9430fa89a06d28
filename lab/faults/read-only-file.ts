import { frameworkEnvironmentFile } from '../hosts/trees/framework-tree.js';
import type { Fault } from './fault.js';
import { someHost } from './some-host.js';

/** The file of a host that a migration edits cannot be replaced. */
export const readOnlyFile: Fault = {
  kind: 'read-only-file',
  lastsMs: [2_000, 30_000],
  async inject(scene) {
    const host = someHost(scene);
    const file = editedFile(host.name);
    host.protectFile(file, true);
    scene.say(`${file} on ${host.name} cannot be replaced`);
    return { target: host.name, declares: {}, heal: async () => host.protectFile(file, false) };
  },
};

function editedFile(host: string): string {
  if (host.startsWith('observer')) return '/etc/zookeeper/conf/zoo.cfg';
  return host.startsWith('framework') ? frameworkEnvironmentFile : '/etc/mesos/zk';
}
