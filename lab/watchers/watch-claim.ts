import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { stamp } from '../contract.js';
import type { ClaimRecord } from '../judge/evidence.js';
import { getJson } from './get-json.js';
import { peerProcess } from './peer-process.js';

export interface ClaimWatch {
  /** Takes one sample; a slow one does not hold up the next, up to three at a time. */
  sample(): Promise<void>;
  close(): void;
}

const MOST_AT_ONCE = 3;
const PATIENCE_MS = 1_000;

/** Watches what a master says of itself: `master/elected` (Mesos `src/master/metrics.cpp`), and which process says so. */
export function watchClaim(
  master: { readonly name: string; readonly host: string; readonly httpPort: number },
  append: (record: ClaimRecord) => void,
): ClaimWatch {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_AT_ONCE });
  const url = `http://${master.host}:${master.httpPort}/metrics/snapshot`;
  const processes = new WeakMap<Socket, number | null>();
  let lastProcess: number | null = null;
  let underway = 0;

  const processAt = (socket: Socket): number | null => {
    const known = processes.get(socket);
    if (known !== undefined) return known;
    const found = peerProcess(socket, lastProcess === null ? [] : [lastProcess]);
    // Not found is not remembered: the connection may just be closing.
    if (found !== null) processes.set(socket, found);
    lastProcess = found ?? lastProcess;
    return found;
  };

  const ask = async (): Promise<Pick<ClaimRecord, 'elected' | 'process' | 'answer' | 'end'>> => {
    try {
      const { status, body, socket } = await getJson(agent, url, PATIENCE_MS);
      const end = stamp().mono;
      const elected = status === 200 ? (body as Record<string, unknown> | undefined)?.['master/elected'] : undefined;
      const claims = elected === undefined ? null : elected === 1;
      return { elected: claims, process: processAt(socket), answer: 'answered', end };
    } catch (error) {
      const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      return { elected: null, process: null, answer: refused ? 'refused' : 'silent', end: stamp().mono };
    }
  };

  return {
    async sample() {
      if (underway >= MOST_AT_ONCE) return;
      underway += 1;
      const begin = stamp().mono;
      const seen = await ask();
      append({ ...stamp(), kind: 'claim', master: master.name, begin, ...seen });
      underway -= 1;
    },
    close: () => agent.destroy(),
  };
}
