import { connect } from 'node:net';
import { boundedSignal } from '../domain/bounded-signal.js';
import { NoAnswerError, NotServingError, ProbeRefusedError } from '../domain/proof-errors.js';
import type { ClientConnection, ServerAddress, ServerProbe, ServerState } from '../ports/server-probe.js';

/** Longest answer taken: `cons` has about 200 bytes per client, `dump` about 30 per session. */
const CAP_BYTES = 64 * 1024 * 1024;

/**
 * Asks by ZooKeeper's four-letter words: one TCP connection per word, plain text back. `srvr` is the
 * one word that 3.4 to 3.9 all allow by default; since 3.5 the others must be allowed on the server
 * (`4lw.commands.whitelist`).
 */
export class FourLetterProbe implements ServerProbe {
  constructor(private readonly timeoutMs = 2_000) {}

  async state(server: ServerAddress, signal: AbortSignal): Promise<ServerState> {
    const text = await this.answer(server, 'srvr', signal);
    const mode = /^Mode: (leader|follower|observer|standalone)\b/m.exec(text)?.[1];
    if (mode === undefined) return { mode: 'not-serving', version: null, zxid: null };
    const zxid = /^Zxid: 0x([0-9a-f]+)/im.exec(text)?.[1];
    return {
      mode: mode as ServerState['mode'],
      version: /^Zookeeper version: (\d+\.\d+\.\d+)/m.exec(text)?.[1] ?? null,
      zxid: zxid === undefined ? null : BigInt(`0x${zxid}`),
    };
  }

  async connections(server: ServerAddress, signal: AbortSignal): Promise<ClientConnection[]> {
    const text = await this.ask(server, 'cons', signal);
    return [...text.matchAll(/^\s*\/(\S+):(\d+)\[\d+\]\((.*)\)\s*$/gm)].map(([, ip = '', port = '', detail = '']) => ({
      ip: plainIp(ip),
      port: Number(port),
      sessionId: /(?:^|,)sid=0x([0-9a-f]+)/i.exec(detail)?.[1]?.toLowerCase().replace(/^/, '0x') ?? null,
    }));
  }

  async sessions(leader: ServerAddress, signal: AbortSignal): Promise<string[]> {
    const text = await this.ask(leader, 'dump', signal);
    // The second half lists sessions again, with their ephemerals. A session without any is in the first only.
    const ids = [...text.matchAll(/^\s*0x([0-9a-f]+)(?::\s*)?$/gim)].map(([, id = '']) => `0x${id.toLowerCase()}`);
    return [...new Set(ids)].sort();
  }

  async settings(server: ServerAddress, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const text = await this.ask(server, 'conf', signal);
    const settings = new Map<string, string>();
    for (const line of text.split('\n')) {
      const [, key, value] = /^([A-Za-z][\w.]*)=(.*)$/.exec(line.trim()) ?? [];
      if (key !== undefined && value !== undefined) settings.set(key, value);
    }
    return settings;
  }

  private async ask(server: ServerAddress, word: string, signal: AbortSignal): Promise<string> {
    const text = await this.answer(server, word, signal);
    // Never an empty list: that would count as "no client is left" while a new leader is elected.
    if (/is not currently serving requests/.test(text)) throw new NotServingError(server.name, word);
    return text;
  }

  private async answer(server: ServerAddress, word: string, signal: AbortSignal): Promise<string> {
    const text = await sendWord(server, word, boundedSignal(signal, this.timeoutMs));
    if (/is not executed because it is not in the whitelist/.test(text)) throw new ProbeRefusedError(server.name, word);
    return text;
  }
}

/** `[::ffff:10.0.0.1]` and `0:0:0:0:0:0:0:1` are the same clients as their short forms. */
function plainIp(ip: string): string {
  return ip
    .replace(/^\[|\]$/g, '')
    .replace(/^(?:::ffff:|0:0:0:0:0:ffff:)(?=\d+\.)/i, '')
    .replace(/%\w+$/, '');
}

function sendWord(server: ServerAddress, word: string, signal: AbortSignal): Promise<string> {
  const { name, address, clientPort } = server;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (reason: string, refused = false): void => {
      reject(new NoAnswerError(name, `${address}:${String(clientPort)}`, word, refused, reason));
      socket.destroy();
    };
    const socket = connect({ host: address, port: clientPort });
    const onAbort = (): void => fail('no complete answer in time');
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk) => {
      size += chunk.length;
      if (size > CAP_BYTES) return fail(`more than ${String(CAP_BYTES)} bytes`);
      chunks.push(chunk);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.message, error.code === 'ECONNREFUSED'));
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      if (size === 0) fail('the connection was closed without an answer');
      else resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
