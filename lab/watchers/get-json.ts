import type { Agent } from 'node:http';
import { request } from 'node:http';
import type { Socket } from 'node:net';

export interface JsonAnswer {
  readonly status: number;
  /** Undefined when the body is no JSON. */
  readonly body: unknown;
  readonly socket: Socket;
}

/** GETs without following redirects. @throws with `code` ECONNREFUSED, ECONNRESET, ETIMEDOUT … */
export async function getJson(agent: Agent, url: string, timeoutMs: number): Promise<JsonAnswer> {
  return await new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (response) => {
      const { socket } = response;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(impatience);
        resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')), socket });
      });
    });
    const impatience = setTimeout(() => {
      asked.destroy(Object.assign(new Error(`no answer from ${url} in ${timeoutMs} ms`), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    asked.on('error', (error) => {
      clearTimeout(impatience);
      reject(error);
    });
    asked.end();
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
