import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { ProofActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { allServers, httpBase } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { looksFullLog } from '../reach/full-log.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { looksConnectedTo } from './connected-to.js';
import { deleteExactly } from './delete-exactly.js';

export function createMasterProofs(ports: Ports): Pick<ProofActivities, 'awaitMaster' | 'removeGhosts'> {
  return {
    async awaitMaster({ config, master, repoint, ghosts, url, patienceMs }) {
      const startedAt = Date.now();
      const request = { host: master.name, until: startedAt + patienceMs, everyMs: 300 };
      await awaitProof({ ...request, what: 'the master has moved' }, (signal) =>
        looksConnectedTo(ports, config, { host: master, unit: master.unit, url }, signal),
      );
      // Only a process seen to be replaced leaves ghosts; what a living one owns is never deleted.
      const replaced = repoint.changed && repoint.mainPidBefore !== null && repoint.mainPidBefore !== repoint.mainPid;
      if (replaced && ghosts.length > 0) {
        const end = { config, servers: serversOf(config, url), as: url.credentialsOf, timeoutMs: 5_000 };
        await inSession(ports, end, scope().signal, (session) => deleteExactly(session, ghosts));
      }
      await awaitProof({ ...request, what: 'every master counts all replicas of the registry' }, async (signal) => {
        const found = await looksFullLog(ports, config, signal);
        if (!found.proved) return found;
        const claims = found.value;
        const leads = claims.some(({ master: one, elected }) => one.name === master.name && elected === true);
        const leader = leads ? master.name : await ports.mesos.leaderSeenBy(httpBase(master), signal);
        return leader === null ? unproved('the master sees no leader') : proved(null);
      });
      return { backAfterMs: Date.now() - startedAt };
    },

    async removeGhosts({ config, ensemble, znodes }) {
      if (znodes.length === 0) return;
      const end = { config, servers: config[ensemble].servers, as: ensemble, timeoutMs: 3_000 };
      await inSession(ports, end, scope().signal, (session) => deleteExactly(session, znodes));
    },
  };
}

/** The configured servers a master URL names: their tree is where that master's znodes are. */
function serversOf(config: ClusterConfig, url: MasterUrl): ServerConfig[] {
  return allServers(config).filter(({ address, clientPort }) =>
    url.servers.some((server) => server.address === address && server.port === clientPort),
  );
}
