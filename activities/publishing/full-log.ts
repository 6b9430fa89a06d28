import type { PublishingActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { awaitProof, proved } from '../reach/await-proof.js';
import { looksFullLog } from '../reach/full-log.js';

export function createFullLogProof(ports: Ports): Pick<PublishingActivities, 'awaitFullLog'> {
  return {
    async awaitFullLog({ config, patienceMs }) {
      const request = {
        host: null,
        what: 'every master counts all replicas of the registry',
        until: Date.now() + patienceMs,
        everyMs: 300,
        remedy: 'see the logs of the masters that do not answer or miss a replica',
      };
      await awaitProof(request, async (signal) => {
        const found = await looksFullLog(ports, config, signal);
        return found.proved ? proved(null) : found;
      });
    },
  };
}
