import protobuf from '@temporalio/proto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { PayloadKeys } from '../config/payload-keys.js';
import { FerryError } from '../domain/errors.js';

const Payloads = protobuf.temporal.api.common.v1.Payload;

/** A payload cannot be read with the keys at hand. */
export class PayloadKeyMissingError extends FerryError {
  readonly code = 'FERRY_PAYLOAD_KEY';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(id: string, why: string) {
    super(`a payload was encrypted with key ${id}, ${why}`);
    this.remedy = `name key ${id} in ZKFERRY_PAYLOAD_KEYS, behind the one that encrypts, on every worker and wherever it is read`;
  }
}

/** How an encrypted payload calls itself. */
export const ENCRYPTED = 'binary/zkferry-aes-256-gcm';
const KEY_ID = 'encryption-key-id';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts payloads with AES-256-GCM: nonce, ciphertext, tag; the key's id is in the metadata and is
 * authenticated. What was not encrypted by it, as when a form of the UI started the workflow without a
 * codec server, is read as it is.
 */
export class EncryptingCodec implements PayloadCodec {
  readonly #current: readonly [id: string, key: Buffer];

  constructor(private readonly keys: PayloadKeys) {
    const [first] = keys;
    if (first === undefined) throw new RangeError('a codec needs a key');
    this.#current = first;
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads.map((payload) => (isEncrypted(payload) ? payload : this.#encrypt(payload))));
  }

  /** @throws PayloadKeyMissingError */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (isEncrypted(payload) ? this.#decrypt(payload) : payload));
  }

  #encrypt(payload: Payload): Payload {
    const [id, key] = this.#current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(id));
    const plain = Payloads.encode(payload).finish();
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { encoding: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(id) }, data };
  }

  #decrypt(payload: Payload): Payload {
    const id = text(payload.metadata?.[KEY_ID]);
    const key = this.keys.get(id);
    if (key === undefined) throw new PayloadKeyMissingError(id, 'which is not among the keys here');
    const data = Buffer.from(payload.data ?? []);
    const end = Math.max(NONCE_BYTES, data.length - TAG_BYTES);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(id));
      decipher.setAuthTag(data.subarray(end));
      const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, end)), decipher.final()]);
      return Payloads.decode(plain);
    } catch {
      throw new PayloadKeyMissingError(id, 'but is damaged, or another key has that id here');
    }
  }
}

function isEncrypted({ metadata }: Payload): boolean {
  return text(metadata?.['encoding']) === ENCRYPTED;
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}
