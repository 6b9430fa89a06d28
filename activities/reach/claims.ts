import { boundedSignal } from '../../src/domain/bounded-signal.js';
import type { ClusterConfig, MasterConfig } from '../../src/domain/config.js';
import { MesosAuthError, NoAnswerError, SplitBrainError } from '../../src/domain/proof-errors.js';
import type { Ports } from '../ports.js';
import { httpBase } from './addresses.js';

/** What one master says of itself in one read. */
export interface Claim {
  readonly master: MasterConfig;
  /** Null when it did not answer, or has no such metric yet. */
  readonly elected: boolean | null;
  /** Nobody listens on its port. */
  readonly refused: boolean;
  readonly metrics: Readonly<Record<string, number>>;
  readonly why: string;
}

/** One read of `master/elected` from each master, all begun now. @throws MesosAuthError. */
export async function readClaims(
  ports: Ports,
  config: ClusterConfig,
  masters: readonly MasterConfig[],
  signal: AbortSignal,
  timeoutMs = 1_500,
): Promise<Claim[]> {
  const credentials = await ports.secrets(config.credentials.mesos);
  return Promise.all(
    masters.map(async (master): Promise<Claim> => {
      try {
        const end = boundedSignal(signal, timeoutMs);
        const metrics = await ports.mesos.metrics(httpBase(master), credentials, end);
        const elected = metrics['master/elected'];
        const known = elected !== undefined;
        return {
          master,
          elected: known ? elected === 1 : null,
          refused: false,
          metrics,
          why: known ? '' : 'no metric',
        };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MesosAuthError) throw error;
        const refused = error instanceof NoAnswerError && error.refused;
        return { master, elected: null, refused, metrics: {}, why: (error as Error).message };
      }
    }),
  );
}

/**
 * The one master that claims to lead, or null. A leader that changes between two reads is no split
 * brain: that is proved only when one claims, another claims, and the first claims again (S8).
 *
 * @throws SplitBrainError
 */
export async function claimedLeader(
  ports: Ports,
  config: ClusterConfig,
  signal: AbortSignal,
): Promise<{ readonly leader: Claim | null; readonly claims: readonly Claim[] }> {
  const claims = await readClaims(ports, config, config.masters, signal);
  const claimants = claims.filter(({ elected }) => elected === true);
  if (claimants.length < 2) return { leader: claimants[0] ?? null, claims };
  const again = await readClaims(
    ports,
    config,
    claimants.map(({ master }) => master),
    signal,
  );
  // Uptime grows in one process and starts again in the next, so a restarted claimant does not count.
  const still = again.filter(
    ({ elected, metrics, master }) =>
      elected === true && uptime(metrics) >= uptime(claimants.find((one) => one.master === master)?.metrics ?? {}),
  );
  if (still.length > 1) throw new SplitBrainError(still.map(({ master }) => master.name));
  return {
    leader: still[0] ?? null,
    claims: claims.map((one) => again.find(({ master }) => master === one.master) ?? one),
  };
}

function uptime(metrics: Readonly<Record<string, number>>): number {
  return metrics['master/uptime_secs'] ?? 0;
}
