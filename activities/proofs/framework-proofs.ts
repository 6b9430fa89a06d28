import type { ProofActivities } from '../contract.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { Ports } from '../ports.js';
import { httpBase } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { claimedLeader } from '../reach/claims.js';
import { looksConnectedTo } from './connected-to.js';

export function createFrameworkProofs(ports: Ports): Pick<ProofActivities, 'awaitFramework'> {
  return {
    async awaitFramework({ config, frameworkId, instance, url, patienceMs }) {
      const startedAt = Date.now();
      const credentials = await ports.secrets(config.credentials.mesos);
      const what = `framework ${frameworkId} is connected through its new master URL`;
      await awaitProof({ host: instance.name, what, until: startedAt + patienceMs, everyMs: 500 }, async (signal) => {
        const { leader } = await claimedLeader(ports, config, signal);
        if (leader === null) return unproved('no master leads');
        const frameworks = await ports.mesos.frameworks(httpBase(leader.master), credentials, signal);
        const found = frameworks.find(({ id }) => id === frameworkId);
        if (!found) return unproved(`${leader.master.name} does not know the framework any more`);
        if (!found.active || !found.connected) return unproved(`${found.name} is not connected`);
        const place = { host: instance, unit: instance.unit, url, mayBeIdle: hasStandbys(config, instance.name) };
        const look = await looksConnectedTo(ports, config, place, signal);
        return look.proved ? proved(null) : look;
      });
      return { backAfterMs: Date.now() - startedAt };
    },
  };
}

function hasStandbys({ frameworks }: ClusterConfig, instance: string): boolean {
  return frameworks.some(({ instances }) => instances.length > 1 && instances.some(({ name }) => name === instance));
}
