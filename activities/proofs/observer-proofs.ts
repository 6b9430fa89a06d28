import type { ProofActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { markerPath, readMarker } from '../reach/marker.js';
import { inSession } from '../reach/session.js';

export function createObserverProofs(ports: Ports): Pick<ProofActivities, 'awaitObserver' | 'provesObserversIdle'> {
  return {
    async awaitObserver({ config, observer, ensemble, patienceMs }) {
      const startedAt = Date.now();
      const request = {
        host: observer.name,
        what: `the observer serves ${ensemble}`,
        until: startedAt + patienceMs,
        everyMs: 100,
      };
      await awaitProof(request, async (signal) => {
        const state = await ports.probe.state(clientAddress(observer), signal);
        // Beside participants with reconfigEnabled an unlisted observer calls itself a follower; it has no vote (Z 2).
        if (state.mode !== 'observer' && state.mode !== 'follower') return unproved(`its mode is ${state.mode}`);
        if (state.zxid === null || state.zxid === 0n) return unproved('it has no transaction yet');
        // Its own credentials do not matter here: markers are open to read.
        const end = { config, servers: [observer], as: ensemble, timeoutMs: 1_500 };
        const marker = await inSession(ports, end, signal, (session) => readMarker(session, config.cluster));
        if (marker === null) return unproved(`no marker at ${markerPath(config.cluster)}`);
        return marker === ensemble ? proved(null) : unproved(`it serves ${marker}`);
      });
      return { servingAfterMs: Date.now() - startedAt };
    },

    async provesObserversIdle({ config, patienceMs }) {
      const accepted = new Set(config.policy.acceptClients);
      const request = {
        host: null,
        what: 'no client is left on the observers',
        until: Date.now() + patienceMs,
        everyMs: 1_000,
        remedy: 'repoint the clients named to target, or accept them by address in policy.acceptClients',
      };
      // Twice, a session apart (S9): a client between two connections shows nowhere, and comes back within that.
      const { sessionMs } = config.policy.timeouts;
      let idleSince: number | null = null;
      await awaitProof(request, async (signal) => {
        const [since, lookedAt] = [idleSince, Date.now()];
        idleSince = null;
        const lists = await Promise.all(
          config.observers.map(async (observer) => {
            const clients = await ports.probe.connections(clientAddress(observer), signal);
            return clients
              .filter(({ ip, sessionId }) => sessionId !== null && !accepted.has(ip))
              .map(({ ip, port }) => `${ip}:${String(port)} on ${observer.name}`);
          }),
        );
        const left = lists.flat();
        if (left.length > 0) return unproved(`connected: ${left.slice(0, 10).join(', ')}`);
        idleSince = since ?? lookedAt;
        return lookedAt - idleSince >= sessionMs ? proved(null) : unproved('nobody, but not for a whole session yet');
      });
    },
  };
}
