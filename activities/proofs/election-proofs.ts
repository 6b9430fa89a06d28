import type { ProofActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress, httpBase } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { claimedLeader, readClaims } from '../reach/claims.js';
import { masterNamed, readContenders } from '../reach/contenders.js';
import { isProvedStopped, lookAtProcess } from '../reach/host-process.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { mayStandElsewhere } from './stands-elsewhere.js';

type ElectionProofs = Pick<ProofActivities, 'readElection' | 'provesNoLeader' | 'awaitLeader'>;

export function createElectionProofs(ports: Ports): ElectionProofs {
  return {
    async readElection({ config, through }) {
      const { signal, heartbeat } = scope();
      heartbeat(`reading the election through ${through}`);
      const servers = through === 'observers' ? config.observers : config[through].servers;
      const as = through === 'target' ? 'target' : 'source';
      const contenders = await inSession(ports, { config, servers, as, timeoutMs: 5_000 }, signal, (session) =>
        readContenders(config, session),
      );
      const { leader, claims } = await claimedLeader(ports, config, signal);
      return {
        contenders,
        leader: leader?.master.name ?? null,
        unknown: claims.filter(({ elected }) => elected === null).map(({ master }) => master.name),
      };
    },

    async provesNoLeader({ config, stopped, deadline }) {
      const others = config.masters.filter(({ name }) => !stopped.includes(name));
      const request = {
        host: null,
        what: 'no running master claims to lead',
        until: deadline,
        everyMs: 100,
        remedy: 'stop the master named here, or make it answer, then repeat',
      };
      // Every look reads all of them anew, so each answer belongs to a read that began after this call.
      const at = await awaitProof(request, async (signal) => {
        const claims = await readClaims(ports, config, others, signal, 1_000);
        const claimants = claims.filter(({ elected }) => elected === true);
        if (claimants.length > 0)
          return unproved(`${claimants.map(({ master }) => master.name).join(', ')} claims to lead`);
        const doubts = await Promise.all(
          claims.map(async ({ master, elected, why }) => {
            if (elected === false) return mayStandElsewhere(ports, config, master, signal);
            // Silence is no proof, nor is a refused connection: its host has to say that there is no process.
            const subject = { host: master, unit: master.unit };
            const process = await lookAtProcess(ports.shell, config.ssh, subject, signal, 2_000);
            return isProvedStopped(process) ? null : `${master.name}: ${why}, its unit is ${process.activeState}`;
          }),
        );
        const doubt = doubts.find((one) => one !== null);
        return doubt === undefined ? proved(new Date().toISOString()) : unproved(doubt ?? '');
      });
      return { clear: true, at };
    },

    async awaitLeader({ config, ensemble, quorum, deadline }) {
      const credentials = await ports.secrets(config.credentials.mesos);
      const zookeeper = await ports.secrets(config.credentials[ensemble]);
      const servers = config[ensemble].servers.map(clientAddress);
      const request = {
        host: null,
        what: `a master leads in ${ensemble} with its registry recovered`,
        until: deadline,
        everyMs: 100,
      };
      let electedAt: string | null = null;
      const options = { credentials: zookeeper, timeoutMs: 2_000 };
      let session = await awaitProof(request, async (end) => proved(await ports.store.connect(servers, options, end)));
      try {
        return await awaitProof(request, async (end) => {
          const contenders = await readContenders(config, session).catch(async (error: unknown) => {
            await session.close();
            session = await ports.store.connect(servers, options, end);
            throw error;
          });
          const [first] = contenders;
          if (!first) return unproved(`nobody stands for election in ${ensemble}`);
          const master = first.master === null ? undefined : masterNamed(config, first.master);
          if (!master)
            return unproved(`${first.znode} belongs to ${first.pid || 'nobody known'}, no configured master`);
          const [claim] = await readClaims(ports, config, [master], end);
          if (claim?.elected !== true) return unproved(`${master.name} is first but does not claim to lead`);
          electedAt ??= new Date().toISOString();
          if (!(await ports.mesos.isRecovered(httpBase(master), credentials, end))) {
            return unproved(`${master.name} leads but has not recovered the registry`);
          }
          const size = claim.metrics['registrar/log/ensemble_size'];
          if (size !== undefined && size < quorum) {
            return unproved(`${master.name} reaches ${String(size)} of ${String(quorum)} registry replicas`);
          }
          if (claim.metrics['registrar/state_fetch_ms'] === undefined) {
            return unproved(`${master.name} has not fetched the registry`);
          }
          return proved({ master: master.name, electedAt, recoveredAt: new Date().toISOString() });
        });
      } finally {
        await session.close();
      }
    },
  };
}
