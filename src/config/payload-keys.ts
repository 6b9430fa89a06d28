import { FerryError } from '../domain/errors.js';
import { resolveSecret } from './credentials.js';

/** Turns payload encryption on, for workers, the command line and the codec server alike. */
export const PAYLOAD_KEYS = 'ZKFERRY_PAYLOAD_KEYS';

/** The keys are not written as they have to be; nothing of them is repeated. */
export class PayloadKeysError extends FerryError {
  readonly code = 'FERRY_PAYLOAD_KEYS';
  readonly retryable = false;
  override readonly remedy = `${PAYLOAD_KEYS}=ID=file:PATH (or ID=env:NAME; more after a comma), each made with: openssl rand -base64 32`;
}

/** By id, in the order given: the first one encrypts, every one decrypts. */
export type PayloadKeys = ReadonlyMap<string, Buffer>;

/**
 * Keys of 32 bytes in base64, as `2026a=file:/etc/zkferry/payload.key,2025=env:OLD_KEY`; null = off.
 *
 * @throws PayloadKeysError, SecretError
 */
export async function payloadKeys(setting = process.env[PAYLOAD_KEYS]): Promise<PayloadKeys | null> {
  if (setting === undefined || setting.trim() === '') return null;
  const keys = new Map<string, Buffer>();
  for (const entry of setting.split(',').map((part) => part.trim())) {
    const [, id, reference] = /^([A-Za-z0-9._-]{1,64})=((?:file|env):.+)$/.exec(entry) ?? [];
    if (id === undefined || reference === undefined) {
      throw new PayloadKeysError(`entry ${String(keys.size + 1)} of ${PAYLOAD_KEYS} is not ID=REFERENCE`);
    }
    if (keys.has(id)) throw new PayloadKeysError(`${PAYLOAD_KEYS} names key ${id} twice`);
    const text = (await resolveSecret(reference)) ?? '';
    const key = Buffer.from(text, 'base64');
    if (key.length !== 32 || !/^[A-Za-z0-9+/=]+$/.test(text)) {
      throw new PayloadKeysError(`key ${id} (${reference}) is not 32 bytes in base64`);
    }
    keys.set(id, key);
  }
  return keys;
}
