import { connect, type Socket } from 'node:net';
import {
  childrenRequest,
  closeRequest,
  connectRequest,
  dataRequest,
  NOTIFICATION_XID,
  parseChildren,
  parseConnectResponse,
  parseData,
  parseReply,
  type Reply,
  type SessionKey,
  splitFrames,
} from './jute.js';

export interface PinnedSessionOptions {
  readonly address: string;
  readonly port: number;
  /** Source address of the connection, so that the watchers can be told from other clients. */
  readonly localAddress: string;
  readonly sessionTimeoutMs?: number;
  /** A connection or a read that takes longer is given up and made anew. */
  readonly patienceMs?: number;
  /** A child came or went since `children` was last asked; told once per question. */
  readonly onChange?: () => void;
}

const NO_NODE = -101;
const RECONNECT_AFTER_MS = 200;

/**
 * One long-lived, read-only session with exactly one server, for as long as that server knows it.
 *
 * It reconnects for ever by itself. Libraries cannot do this job: they refuse or hang when the server
 * behind the address serves another, younger ensemble, which is just the moment to be watched.
 */
export class PinnedSession {
  private socket: Socket | null = null;
  private key: SessionKey | null = null;
  private serving = false;
  private closed = false;
  private xid = 0;
  private readonly waiting = new Map<number, (reply: Reply | null) => void>();
  private retry: NodeJS.Timeout | null = null;

  /** Counts connections: what was read over an earlier one may come from another ensemble. */
  generation = 0;

  constructor(private readonly options: PinnedSessionOptions) {
    this.open();
  }

  get isConnected(): boolean {
    return this.serving;
  }

  /** @returns null when the server could not be asked; no names when the znode is not there. */
  async children(path: string): Promise<{ names: string[]; cversion: number } | null> {
    const reply = await this.ask((xid) => childrenRequest(xid, path));
    if (reply === null) return null;
    return reply.error === NO_NODE ? { names: [], cversion: -1 } : parseChildren(reply.body);
  }

  /** @returns null when the server could not be asked, `gone` when the znode is not there. */
  async read(path: string): Promise<Buffer | 'gone' | null> {
    const reply = await this.ask((xid) => dataRequest(xid, path));
    if (reply === null) return null;
    return reply.error === NO_NODE ? 'gone' : parseData(reply.body);
  }

  /** Ends the session at the server, too, if it answers soon. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.serving) await this.ask((xid) => closeRequest(xid));
    this.drop();
  }

  private open(): void {
    this.retry = null;
    if (this.closed) return;
    const { address: host, port, localAddress, sessionTimeoutMs = 10_000, patienceMs = 2_000 } = this.options;
    const socket = connect({ host, port, localAddress, noDelay: true });
    this.socket = socket;
    const impatience = setTimeout(() => socket.destroy(), patienceMs);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('connect', () => socket.write(connectRequest(sessionTimeoutMs, this.key)));
    socket.on('data', (bytes) => {
      const { frames, rest } = splitFrames(Buffer.concat([pending, bytes]));
      pending = rest;
      for (const frame of frames) {
        if (this.serving) {
          this.settle(parseReply(frame));
          continue;
        }
        clearTimeout(impatience);
        this.key = parseConnectResponse(frame);
        if (this.key === null) socket.destroy();
        else {
          this.generation += 1;
          this.serving = true;
        }
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(impatience);
      if (this.socket !== socket) return;
      const wasRefused = !this.serving;
      this.drop();
      if (!this.closed) this.retry = setTimeout(() => this.open(), wasRefused ? RECONNECT_AFTER_MS : 10);
    });
  }

  private async ask(request: (xid: number) => Buffer): Promise<Reply | null> {
    const { socket } = this;
    if (!socket || !this.serving) return null;
    this.xid += 1;
    const { xid } = this;
    return await new Promise((resolve) => {
      const impatience = setTimeout(() => socket.destroy(), this.options.patienceMs ?? 2_000);
      this.waiting.set(xid, (reply) => {
        clearTimeout(impatience);
        const usable = reply !== null && (reply.error === 0 || reply.error === NO_NODE);
        resolve(usable ? reply : null);
      });
      socket.write(request(xid));
    });
  }

  private settle(reply: Reply): void {
    if (reply.xid === NOTIFICATION_XID) {
      this.options.onChange?.();
      return;
    }
    const resolve = this.waiting.get(reply.xid);
    this.waiting.delete(reply.xid);
    resolve?.(reply);
  }

  private drop(): void {
    if (this.retry) clearTimeout(this.retry);
    this.serving = false;
    this.socket?.destroy();
    this.socket = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const resolve of waiting) resolve(null);
  }
}
