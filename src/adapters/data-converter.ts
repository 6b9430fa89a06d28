import type { DataConverter } from '@temporalio/common';
import { fileURLToPath } from 'node:url';
import { payloadKeys } from '../config/payload-keys.js';
import { EncryptingCodec } from './payload-codec.js';

/** The workflows' bundle has to be built with the same one. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./encoded-failures.js', import.meta.url));

/**
 * How everything that goes to Temporal is written: encrypted where the environment names keys, else
 * as it is (null).
 *
 * @throws PayloadKeysError, SecretError
 */
export async function dataConverter(): Promise<DataConverter | null> {
  const keys = await payloadKeys();
  if (keys === null) return null;
  return { payloadCodecs: [new EncryptingCodec(keys)], failureConverterPath: FAILURE_CONVERTER_PATH };
}
