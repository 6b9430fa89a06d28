import { Agent, request } from 'node:http';
import type { Envelope, MessageName, Messages } from './messages.js';

const SEND_LIMIT_MS = 10_000;

/**
 * Sends messages between masters and agents with libprocess' guarantees: at most once, in order per
 * peer, and no word about a peer that is not there.
 */
export class Messenger {
  private readonly agents = new Map<string, Agent>();

  constructor(
    /** Own UPID, for example `master@10.0.0.1:5050`. */
    readonly self: string,
  ) {}

  send<Name extends MessageName>(to: string, name: Name, body: Messages[Name]): void {
    const envelope: Envelope = { name, from: this.self, body };
    this.post(addressOf(to), '/mini/message', JSON.stringify(envelope), true).catch(() => undefined);
  }

  /** Posts JSON to a path of a peer (`ip:port`) and returns the reply's text. @throws Error on anything but 200. */
  async ask(address: string, path: string, body: string): Promise<string> {
    return this.post(address, path, body, true);
  }

  /**
   * Holds a connection to a peer as libprocess' `link` does; `onExited` is called once, when it breaks
   * or cannot be made. Returns a function that drops the link silently.
   */
  link(to: string, onExited: () => void): () => void {
    const [host, port] = hostAndPort(addressOf(to));
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      onExited();
    };
    const outgoing = request({ host, port, path: '/mini/link', agent: false }, (response) => {
      response.resume();
      response.once('close', end);
      response.once('error', end);
    });
    outgoing.once('error', end);
    outgoing.end();
    return () => {
      over = true;
      outgoing.destroy();
    };
  }

  private post(address: string, path: string, body: string, retry: boolean): Promise<string> {
    const [host, port] = hostAndPort(address);
    let agent = this.agents.get(address);
    if (agent === undefined) {
      // One socket: what is sent first arrives first.
      agent = new Agent({ keepAlive: true, maxSockets: 1 });
      this.agents.set(address, agent);
    }
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const outgoing = request({ host, port, path, agent, method: 'POST', headers, timeout: SEND_LIMIT_MS });
      outgoing.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => {
          if (response.statusCode === 200 || response.statusCode === 202) resolve(text);
          else reject(new Error(`${address}${path} answered ${response.statusCode}: ${text}`));
        });
        response.once('error', reject);
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer from ${address}`)));
      outgoing.once('error', (cause) => {
        // The kept connection belonged to the peer's former process.
        if (retry && outgoing.reusedSocket) this.post(address, path, body, false).then(resolve, reject);
        else reject(cause);
      });
      outgoing.end(body);
    });
  }
}

/** `slave(1)@10.0.0.1:5051` → `10.0.0.1:5051`. */
export function addressOf(upid: string): string {
  return upid.slice(upid.lastIndexOf('@') + 1);
}

function hostAndPort(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
}
