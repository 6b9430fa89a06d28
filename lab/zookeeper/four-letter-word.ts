import { connect } from 'node:net';

/**
 * What a server answers to a four-letter word, or null when it does not answer within `patienceMs`.
 * The lab asks by itself, so that a fault in the product's probe cannot hide behind the same code.
 */
export function fourLetterWord(address: string, port: number, word: string, patienceMs = 1000): Promise<string | null> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ host: address, port });
    const finish = (answer: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(null), patienceMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(word));
    socket.on('data', (text: string) => (reply += text));
    socket.on('error', () => finish(null));
    socket.on('close', () => finish(reply === '' ? null : reply));
  });
}

/** `leader`, `follower`, `observer` or `standalone`; null while the server does not serve. */
export async function serverMode(address: string, port: number): Promise<string | null> {
  const reply = await fourLetterWord(address, port, 'srvr');
  return /^Mode: (\w+)$/m.exec(reply ?? '')?.[1] ?? null;
}
