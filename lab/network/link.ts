import { connect, type Socket } from 'node:net';
import { rewriterOf, type Rewriter } from './four-letter-answer.js';

export type Direction = 'to-server' | 'to-client';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * One proxied TCP connection. A blocked direction is silent: nothing is read there, so that neither bytes nor the
 * end of the connection pass, and nobody is told. What was held up arrives, in order, once the direction is free
 * again, as TCP itself would see to.
 */
export class Link {
  /** `ip:port` of the client's end. */
  readonly clientEnd: string;
  /** `ip:port` from which the server is asked; null until then. */
  serverEnd: string | null = null;

  /** Null until it is opened, which waits while any direction is blocked: no handshake would end. */
  private server: Socket | null = null;
  private blocked: ReadonlySet<Direction> = new Set();
  /** Directions whose sender has ended; a stream without data ends even while it is paused. */
  private readonly ended = new Set<Direction>();
  private held: { readonly rewrite: Rewriter; readonly chunks: Buffer[] } | null = null;

  /**
   * @param client paused and allowed to be half-open by its listener
   * @param nameOf what a client's end is called to whom the server told the end it saw
   */
  constructor(
    readonly client: Socket,
    private readonly to: Endpoint,
    private readonly nameOf: (serverEnd: string) => string | null,
    private readonly onGone: () => void,
  ) {
    this.clientEnd = `${client.remoteAddress ?? ''}:${String(client.remotePort)}`;
    client.setNoDelay(true);
    client.on('error', () => client.destroy());
    client.on('close', () => this.closed());
  }

  /** Opens the link, blocks or frees its directions. */
  setBlocked(blocked: ReadonlySet<Direction>): void {
    this.blocked = blocked;
    if (this.server === null) {
      if (blocked.size === 0) this.open();
      return;
    }
    for (const [direction, from, to] of this.ends(this.server)) {
      if (blocked.has(direction)) from.pause();
      else {
        from.resume();
        if (this.ended.has(direction)) to.end();
      }
    }
    this.closed();
  }

  /** Cuts it on both sides. */
  destroy(): void {
    this.client.destroy();
    this.server?.destroy();
    this.onGone();
  }

  private ends(server: Socket): readonly (readonly [Direction, from: Socket, to: Socket])[] {
    return [
      ['to-server', this.client, server],
      ['to-client', server, this.client],
    ];
  }

  private open(): void {
    if (this.client.destroyed) return;
    const server = connect({ host: this.to.address, port: this.to.port, allowHalfOpen: true, noDelay: true });
    this.server = server;
    let connected = false;
    server.once('connect', () => {
      connected = true;
      this.serverEnd = `${server.localAddress ?? ''}:${String(server.localPort)}`;
      this.setBlocked(this.blocked);
    });
    server.on('error', () => server.destroy());
    server.on('close', () => {
      // nobody listens there: as close to a refusal as a connection that was taken can come
      if (!connected) this.client.resetAndDestroy();
      this.closed();
    });
    this.client.once('data', (first) => (this.held = heldAnswer(first, this.nameOf)));
    for (const [direction, from, to] of this.ends(server)) this.pump(direction, from, to);
  }

  private pump(direction: Direction, from: Socket, to: Socket): void {
    const resume = () => {
      if (!this.blocked.has(direction)) from.resume();
    };
    from.on('data', (bytes) => {
      if (direction === 'to-client' && this.held !== null) this.held.chunks.push(bytes);
      else if (!to.write(bytes)) {
        from.pause();
        to.once('drain', resume);
      }
    });
    from.on('end', () => {
      if (direction === 'to-client' && this.held !== null) to.write(this.held.rewrite(Buffer.concat(this.held.chunks)));
      this.ended.add(direction);
      if (!this.blocked.has(direction)) to.end();
    });
    from.pause();
  }

  /** Whoever closed takes the other end along, unless that is not to be known there yet. */
  private closed(): void {
    const { client, server } = this;
    if (server === null) {
      if (client.destroyed) this.onGone();
      return;
    }
    for (const [direction, from, to] of this.ends(server)) {
      if (from.destroyed && !this.blocked.has(direction) && !to.destroyed) to.destroySoon();
    }
    if (client.destroyed && server.destroyed) this.onGone();
  }
}

function heldAnswer(first: Buffer, nameOf: (serverEnd: string) => string | null) {
  const rewrite = rewriterOf(first, nameOf);
  return rewrite === null ? null : { rewrite, chunks: [] };
}
