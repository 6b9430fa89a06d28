import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { PayloadCodec } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { Redactor } from '../domain/redact.js';
import { fromJson, toJson } from './codec-server.js';

type JsonPayload = ReturnType<typeof toJson>;

/**
 * A history as `temporal workflow show -o json` prints it, decrypted and then without secrets. Payloads
 * stay payloads, so that it can still be replayed and shown; what they hold is cleaned as JSON.
 */
export async function cleanHistory(
  history: temporal.api.history.v1.IHistory,
  codecs: readonly PayloadCodec[],
  redactor: Redactor,
): Promise<unknown> {
  return await clean(JSON.parse(historyToJSON(history)), codecs, redactor);
}

async function clean(value: unknown, codecs: readonly PayloadCodec[], redactor: Redactor, name = ''): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((one) => clean(one, codecs, redactor, name)));
  if (typeof value !== 'object' || value === null) return redactor.value(value, name);
  if (isPayload(value)) return await cleanPayload(value, codecs, redactor);
  const entries = Object.entries(value).map(
    async ([key, inner]) => [key, await clean(inner, codecs, redactor, key)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

function isPayload(value: object): value is JsonPayload {
  return 'metadata' in value && typeof (value.metadata as { encoding?: unknown } | null)?.encoding === 'string';
}

async function cleanPayload(found: JsonPayload, codecs: readonly PayloadCodec[], redactor: Redactor): Promise<unknown> {
  let payloads = [fromJson(found)];
  for (const codec of [...codecs].reverse()) payloads = await codec.decode(payloads);
  const plain = toJson(payloads[0] ?? {});
  const encoding = Buffer.from(plain.metadata?.['encoding'] ?? '', 'base64').toString('utf8');
  const text = Buffer.from(plain.data ?? '', 'base64').toString('utf8');
  if (encoding.startsWith('json/')) {
    // A failure's message and stack are in here too, where workers encrypt.
    const cleaned = JSON.stringify(redactor.value(JSON.parse(text)));
    return { ...plain, data: Buffer.from(cleaned).toString('base64') };
  }
  // Nobody knows what other bytes hold, nor how to clean them.
  return encoding === 'binary/null' ? plain : { metadata: plain.metadata, data: '' };
}
