import { CredentialedClient } from './credentialed-client.js';
import { NativeClient } from './native-client.js';
import type { RawClient } from './raw-client.js';
import type { ZkUrl } from './zk-url.js';

/** A new handle: session 0, zxid 0, names resolved now. */
export function openClient(url: ZkUrl, sessionTimeoutMs: number): RawClient {
  if (url.credentials !== null) return new CredentialedClient(url.servers, url.credentials, sessionTimeoutMs);
  return new NativeClient(url.servers.map(({ address, port }) => `${address}:${port}`).join(','), sessionTimeoutMs);
}
