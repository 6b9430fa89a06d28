import { setTimeout as delay } from 'node:timers/promises';
import { FerryError } from '../../src/domain/errors.js';
import { InvariantError } from '../../src/domain/proof-errors.js';
import type { ProofActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { httpBase } from '../reach/addresses.js';
import { claimedLeader } from '../reach/claims.js';
import { readContenders } from '../reach/contenders.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';

type SoakRequest = Parameters<ProofActivities['watchSoak']>[0];

const EVERY_MS = 1_000;
/** Reads that fail in a row before it counts: a single one says nothing about the cluster. */
const FAILED_READS = 5;

export function createSoakProofs(ports: Ports): Pick<ProofActivities, 'watchSoak'> {
  return {
    async watchSoak(request) {
      const { signal, heartbeat } = scope();
      const until = Date.now() + request.soakMs;
      let failed = 0;
      let broken: InvariantError | null = null;
      for (;;) {
        try {
          const found = await look(ports, request, signal);
          failed = 0;
          // A wrong answer is looked at once more: two reads of one look may straddle a change.
          if (found !== null && broken !== null) throw found;
          broken = found;
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof FerryError) || !error.retryable) throw error;
          failed += 1;
          if (failed >= FAILED_READS) throw new InvariantError('the cluster can be watched', error.message, error.host);
        }
        const left = until - Date.now();
        heartbeat(`soak: ${String(Math.max(0, Math.ceil(left / 1000)))} s left`);
        if (left <= 0 && broken === null && failed === 0) return;
        await delay(Math.max(100, Math.min(EVERY_MS, left)), undefined, { signal });
      }
    },
  };
}

async function look(
  ports: Ports,
  { config, ensemble, expectedIds }: SoakRequest,
  signal: AbortSignal,
): Promise<InvariantError | null> {
  const credentials = await ports.secrets(config.credentials.mesos);
  const end = { config, servers: config[ensemble].servers, as: ensemble, timeoutMs: 2_000 };
  const { leader } = await claimedLeader(ports, config, signal);
  ports.telemetry?.leader({ cluster: config.cluster, ensemble, leader: leader?.master.name ?? null });
  if (leader === null) return new InvariantError('one master leads', 'none claims to lead');
  const [first] = await inSession(ports, end, signal, (session) => readContenders(config, session));
  if (first?.master !== leader.master.name) {
    const seen = `${leader.master.name} claims it, ${first?.pid ?? 'nobody'} is first there`;
    return new InvariantError(`the leader is elected in ${ensemble}`, seen, leader.master.name);
  }
  const { agents } = await ports.mesos.agents(httpBase(leader.master), credentials, signal);
  const active = new Set(agents.filter((agent) => agent.active).map(({ id }) => id));
  const missing = expectedIds.filter((id) => !active.has(id));
  // An agent that came back with a new id is one whose old id is missing; newcomers are no harm.
  return missing.length === 0 ? null : new InvariantError('every agent is active', `missing: ${missing.join(', ')}`);
}
