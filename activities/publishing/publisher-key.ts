import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { ClusterConfig } from '../../src/domain/config.js';
import { PublisherKeyError } from '../../src/domain/publishing-errors.js';
import type { SessionKey } from '../../src/ports/znode-store.js';
import type { Ports } from '../ports.js';

const SHORTEST_SECRET = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What is derived from the publisher's secret, the same on every worker; none of it is ever written in the clear. */
export interface PublisherKey {
  /** `user:password` of the publisher in target: it may pass the closed door (S3). */
  readonly identity: string;
  /** Text for the owner znode from which only the same key, cluster and migration get the session back. */
  seal(session: SessionKey, migration: string): string;
  /** @throws PublisherKeyError when it was sealed otherwise. */
  unseal(sealed: string, migration: string): SessionKey;
}

/**
 * Derives the publisher's identity and sealing key (HKDF-SHA256, AES-256-GCM).
 *
 * @throws PublisherKeyError
 */
export async function publisherKey(ports: Pick<Ports, 'secrets'>, config: ClusterConfig): Promise<PublisherKey> {
  const { cluster, credentials } = config;
  const secret = await ports.secrets(credentials.publisher);
  if (secret === null) throw new PublisherKeyError('credentials.publisher is not set');
  if (secret.length < SHORTEST_SECRET) {
    throw new PublisherKeyError(`it has fewer than ${String(SHORTEST_SECRET)} characters`);
  }
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `zkferry publisher ${purpose} ${cluster}`, 32));
  const sealing = derive('seal');
  const bound = (migration: string): Buffer => Buffer.from(JSON.stringify([cluster, migration]));
  return {
    identity: `zkferry-${cluster}:${derive('identity').toString('base64url')}`,
    seal(session, migration) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing, iv).setAAD(bound(migration));
      const text = Buffer.concat([cipher.update(JSON.stringify([session.id, session.password])), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64');
    },
    unseal(sealed, migration) {
      const bytes = Buffer.from(sealed, 'base64');
      const text = bytes.subarray(IV_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, IV_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(bound(migration)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const plain = Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
        const [id = '', password = ''] = JSON.parse(plain) as string[];
        return { id, password };
      } catch {
        throw new PublisherKeyError('the owner znode was sealed with another one, or has been changed');
      }
    },
  };
}
