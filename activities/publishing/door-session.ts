import type { ClusterConfig } from '../../src/domain/config.js';
import { digestId } from '../../src/domain/digest-id.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleName } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { scope } from '../reach/scope.js';
import { publisherKey } from './publisher-key.js';

export interface AtDoor {
  readonly session: ZnodeSession;
  readonly ensemble: EnsembleName;
  readonly config: ClusterConfig;
  /** Who passes the closed door, as its ACL names it; null in source, where nobody does. */
  readonly publisher: string | null;
}

/** Runs `use` in a session of its own that has the ensemble's identity and the publisher's. */
export async function atDoor<T>(
  ports: Pick<Ports, 'secrets' | 'store'>,
  { config, ensemble }: { readonly config: ClusterConfig; readonly ensemble: EnsembleName },
  use: (at: AtDoor) => Promise<T>,
): Promise<T> {
  const { identity } = await publisherKey(ports, config);
  const credentials = await ports.secrets(config.credentials[ensemble]);
  const options = { credentials, moreCredentials: [identity], timeoutMs: 5_000 };
  const session = await ports.store.connect(config[ensemble].servers.map(clientAddress), options, scope().signal);
  try {
    return await use({ session, ensemble, config, publisher: ensemble === 'target' ? digestId(identity) : null });
  } finally {
    await session.close();
  }
}

/** Parents that a master creates its znodes under, in the order in which they are closed. */
export function doorParents({ electionPath }: ClusterConfig): readonly [string, string] {
  return [electionPath, `${electionPath}/log_replicas`];
}
