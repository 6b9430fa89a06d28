import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Milliseconds after its start in which a Mesos process answers 404 to everything: routes come last (M 5.2). */
const ROUTES_AFTER_MS = 100;

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly raw: IncomingMessage;
}

export type HttpHandler = (request: HttpRequest, response: ServerResponse) => void | Promise<void>;

export interface Route {
  readonly handler: HttpHandler;
  /** Realm whose Basic authentication guards the route, or null. */
  readonly realm: string | null;
}

/** Says whether a realm asks for credentials, and which `principal → secret` pairs it takes. */
export interface Authentication {
  readonly realms: ReadonlySet<string>;
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * The one port of a Mesos process: public endpoints with and without the process' prefix (`/master`,
 * `/slave(1)`), and the miniature's own messages under `/mini/`.
 */
export class HttpServer {
  private readonly routes = new Map<string, Route>();
  private readonly server: Server;
  private readonly startedAt = performance.now();

  constructor(
    private readonly prefix: string,
    private readonly authentication: Authentication,
    private readonly routesAfterMs = ROUTES_AFTER_MS,
  ) {
    this.server = createServer((request, response) => void this.serve(request, response));
    // A peer's idle connection is its link: never closed by us, or a message in flight would be lost.
    this.server.keepAliveTimeout = 0;
    this.server.headersTimeout = 0;
    this.server.requestTimeout = 0;
  }

  /** Adds an endpoint, reachable as `path` and as `prefix + path`. */
  route(path: string, realm: string | null, handler: HttpHandler): void {
    this.routes.set(path, { handler, realm });
  }

  /** @returns the port: the given one, or where that is 0 any free one */
  listen(port: number, ip: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, ip, () => {
        const bound = this.server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  /** Ends every connection, as the end of the process would. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(url.pathname).replace(/(.)\/$/, '$1');
    const route = this.find(path);
    if (route === undefined || performance.now() - this.startedAt < this.routesAfterMs) {
      incoming.resume();
      sendText(response, 404, '');
      return;
    }
    const body = await readBody(incoming).catch(() => null);
    if (body === null) return;
    if (route.realm !== null && !this.admits(route.realm, incoming.headers.authorization)) {
      response.setHeader('WWW-Authenticate', `Basic realm="${route.realm}"`);
      sendText(response, 401, '');
      return;
    }
    const request: HttpRequest = {
      method: incoming.method ?? 'GET',
      path,
      query: url.searchParams,
      headers: incoming.headers,
      body,
      raw: incoming,
    };
    try {
      await route.handler(request, response);
    } catch (cause) {
      if (!response.headersSent) sendText(response, 500, (cause as Error).message);
    }
  }

  private find(path: string): Route | undefined {
    const exact = this.routes.get(path);
    if (exact !== undefined || !path.startsWith(`${this.prefix}/`)) return exact;
    return this.routes.get(path.slice(this.prefix.length));
  }

  private admits(realm: string, authorization: string | undefined): boolean {
    if (!this.authentication.realms.has(realm)) return true;
    const encoded = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
    if (encoded === undefined) return false;
    const [principal = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    return this.authentication.secrets.get(principal) === secret.join(':') && secret.length > 0;
  }
}

export function sendJson(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
