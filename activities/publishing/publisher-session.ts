import type { ClusterConfig } from '../../src/domain/config.js';
import type { ConnectOptions, ZnodeSession } from '../../src/ports/znode-store.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { scope } from '../reach/scope.js';
import type { PublisherKey } from './publisher-key.js';

/** How to log in to target as the publisher: its own identity beside the one configured for target. */
export async function publisherLogin(
  ports: Pick<Ports, 'secrets'>,
  config: ClusterConfig,
  { identity }: PublisherKey,
  timeoutMs: number,
): Promise<ConnectOptions> {
  const credentials = await ports.secrets(config.credentials.target);
  return { credentials, moreCredentials: [identity], timeoutMs };
}

/** Runs `use` in a session of its own with target that has the publisher's identity. */
export async function asPublisher<T>(
  ports: Pick<Ports, 'secrets' | 'store'>,
  config: ClusterConfig,
  key: PublisherKey,
  use: (session: ZnodeSession) => Promise<T>,
): Promise<T> {
  const login = await publisherLogin(ports, config, key, 10_000);
  const session = await ports.store.connect(config.target.servers.map(clientAddress), login, scope().signal);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
