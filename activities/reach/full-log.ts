import type { ClusterConfig } from '../../src/domain/config.js';
import type { Ports } from '../ports.js';
import { type Look, proved, unproved } from './await-proof.js';
import { type Claim, readClaims } from './claims.js';

/** Whether every master answers and counts all replicas of the registry; with what each of them says. */
export async function looksFullLog(ports: Ports, config: ClusterConfig, signal: AbortSignal): Promise<Look<Claim[]>> {
  const masters = config.masters.length;
  const claims = await readClaims(ports, config, config.masters, signal);
  const silent = claims.filter(({ elected }) => elected === null);
  if (silent.length > 0) return unproved(silent.map(({ master, why }) => `${master.name}: ${why}`).join('; '));
  for (const { master, metrics } of claims) {
    const size = metrics['registrar/log/ensemble_size'];
    // Before Mesos 1.4 there is no such metric; a recovered log is what can be seen instead (S21).
    if (size === undefined ? metrics['registrar/log/recovered'] === 0 : size !== masters) {
      return unproved(`${master.name} counts ${String(size ?? 'no')} of ${String(masters)} replicas`);
    }
  }
  return proved(claims);
}
