import type { Payload, PayloadCodec } from '@temporalio/common';
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { listen } from './status-server.js';

/** Payloads as JSON carries them: bytes in base64. */
interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

export interface CodecServerOptions {
  /** HOST:PORT */
  readonly address: string;
  /** Origins of UIs whose pages may ask, such as `http://localhost:8233`. */
  readonly origins: readonly string[];
  /** Wanted as `Authorization: Bearer TOKEN`; null = nothing is. */
  readonly token: string | null;
}

/** The server refuses payloads of over 2 MB; a page of history holds many. */
const LONGEST_BODY = 64 << 20;

/**
 * Temporal's remote codec: `POST /encode` and `/decode`, `{"payloads": […]}` both ways, for UI and CLI.
 * Whoever may ask it can read what it can decrypt.
 *
 * @throws ListenError
 */
export async function startCodecServer(codec: PayloadCodec, options: CodecServerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const { origin } = request.headers;
    if (origin !== undefined && options.origins.includes(origin)) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-methods', 'POST, OPTIONS');
      response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('vary', 'origin');
    }
    const send = (code: number, body?: unknown): void => {
      response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    if (request.method === 'OPTIONS') return send(204);
    // The CLI gives the address as it was told, and then /encode or /decode.
    const [, verb] = /\/(encode|decode)$/.exec(new URL(request.url ?? '/', 'http://codec').pathname) ?? [];
    if (request.method !== 'POST' || verb === undefined) return send(404, { message: 'POST /encode or /decode' });
    // A page of another origin can post without being able to read: it shall not even be worked for.
    if (origin !== undefined && !options.origins.includes(origin)) return send(403, { message: 'not this origin' });
    if (!isAllowed(request, options.token)) return send(401, { message: 'wants Authorization: Bearer TOKEN' });
    const translate = (payloads: Payload[]) => (verb === 'encode' ? codec.encode(payloads) : codec.decode(payloads));
    void bodyOf(request)
      .then(async (body) => ({ payloads: (await translate(payloadsIn(body))).map(toJson) }))
      .then(
        (answer) => send(200, answer),
        (cause: unknown) => send(400, { message: cause instanceof Error ? cause.message : String(cause) }),
      );
  });
  await listen(server, options.address, '--listen');
  return server;
}

function isAllowed(request: IncomingMessage, token: string | null): boolean {
  if (token === null) return true;
  const [given, wanted] = [Buffer.from(request.headers.authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) throw new RangeError('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function payloadsIn(body: string): Payload[] {
  // An empty list is left out: so is JSON made of protobuf.
  const { payloads = [] } = JSON.parse(body) as { payloads?: readonly JsonPayload[] };
  if (!Array.isArray(payloads)) throw new TypeError('the body is not {"payloads": […]}');
  return (payloads as readonly JsonPayload[]).map(fromJson);
}

export function fromJson({ metadata = {}, data = '' }: JsonPayload): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  };
}

export function toJson({ metadata, data }: Payload): JsonPayload {
  const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, text(bytes)])),
    data: text(data),
  };
}
