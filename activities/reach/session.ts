import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleName } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from './addresses.js';

export interface SessionRequest {
  readonly config: ClusterConfig;
  readonly servers: readonly ServerConfig[];
  /** Whose credentials to log in with. */
  readonly as: EnsembleName;
  readonly timeoutMs: number;
}

/** Runs `use` in a session of its own and closes it whatever happens. */
export async function inSession<T>(
  ports: Ports,
  { config, servers, as, timeoutMs }: SessionRequest,
  signal: AbortSignal,
  use: (session: ZnodeSession) => Promise<T>,
): Promise<T> {
  const credentials = await ports.secrets(config.credentials[as]);
  const session = await ports.store.connect(servers.map(clientAddress), { credentials, timeoutMs }, signal);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
