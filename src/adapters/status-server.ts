import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { fetch } from 'undici';
import { FerryError } from '../domain/errors.js';

/** `HOST:PORT` cannot be listened on. */
export class ListenError extends FerryError {
  readonly code = 'FERRY_LISTEN';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(address: string, why: string, option: string) {
    super(`cannot listen on ${address}: ${why}`);
    this.remedy = `give ${option} as HOST:PORT with a free port, for example 127.0.0.1:9464`;
  }
}

/** What is asked of a worker. `ready` may take as long as it likes; the server answers in time. */
export interface Answers {
  /** Texts in Prometheus' format, joined into one. */
  readonly metrics: readonly (() => Promise<string>)[];
  /** Null, or why the process had better be replaced. */
  readonly unhealthy: () => string | null;
  /** Null, or why it serves no migration right now. */
  readonly unready: () => Promise<string | null>;
  /** Told with every answer, for people. */
  readonly about: Readonly<Record<string, unknown>>;
}

const READY_MS = 3_000;

/** `/metrics`, `/healthz` and `/readyz` of a worker, for whoever may reach the address: it asks for no password. */
export async function startStatusServer(address: string, answers: Answers): Promise<Server> {
  const server = createServer((request, response) => {
    const send = (code: number, body: string, type = 'application/json'): void => {
      response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    };
    const verdict = (why: string | null): void =>
      send(why === null ? 200 : 503, `${JSON.stringify({ ok: why === null, why, ...answers.about })}\n`);
    const { pathname } = new URL(request.url ?? '/', 'http://worker');
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, '{"why":"only GET"}\n');
    if (pathname === '/healthz') return verdict(answers.unhealthy());
    if (pathname === '/readyz') {
      return void inTime(answers.unready()).then(verdict, (cause: unknown) => verdict(String(cause)));
    }
    if (pathname === '/metrics') {
      return void Promise.all(answers.metrics.map((text) => text())).then(
        (texts) => send(200, texts.join('\n'), 'text/plain; version=0.0.4; charset=utf-8'),
        (cause: unknown) => send(500, `# ${String(cause)}\n`, 'text/plain'),
      );
    }
    send(404, '{"why":"there are /metrics, /healthz and /readyz"}\n');
  });
  await listen(server, address, '--metrics');
  server.unref();
  return server;
}

/** @throws ListenError */
export async function listen(server: Server, address: string, option: string): Promise<void> {
  const { host, port } = hostAndPort(address, option);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new ListenError(address, cause.message, option)));
    server.listen(port, host, resolve);
  });
}

/** `HOST:PORT`, `[V6]:PORT`. @throws ListenError */
export function hostAndPort(address: string, option: string): { host: string; port: number } {
  const parts = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  const port = Number(parts?.[3] ?? Number.NaN);
  if (parts === null || port > 65_535) throw new ListenError(address, 'it is not HOST:PORT', option);
  return { host: parts[1] ?? parts[2] ?? '', port };
}

/** A loopback port that is free now, for a server of the SDK's that cannot tell which one it took. */
export async function freeLoopbackAddress(): Promise<string> {
  const server = createSocketServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** The text that another server on this machine exports. */
export async function scrape(address: string): Promise<string> {
  const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(READY_MS) });
  return await response.text();
}

async function inTime(answer: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer in time'), READY_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
