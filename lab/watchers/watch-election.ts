import { stamp } from '../contract.js';
import type { ZnodeRecord } from '../judge/evidence.js';
import { lowestContender } from './lowest-contender.js';
import { PinnedSession, type PinnedSessionOptions } from './pinned-session.js';

export interface ElectionWatch {
  /** Takes one sample, or none when the last one is not back yet: that gap shows in the records. */
  sample(): Promise<void>;
  close(): Promise<void>;
}

/** Watches who leads in the eyes of one ZooKeeper server. */
export function watchElection(
  server: { readonly name: string; readonly ensemble: ZnodeRecord['ensemble'] } & PinnedSessionOptions,
  electionPath: string,
  append: (record: ZnodeRecord) => void,
): ElectionWatch {
  const session = new PinnedSession(server);
  let busy = false;
  let known: { generation: number; cversion: number; name: string; leader: ZnodeRecord['leader'] } | null = null;

  const lookUp = async (): Promise<{ connected: boolean; leader: ZnodeRecord['leader'] }> => {
    const { generation } = session;
    const children = await session.children(electionPath);
    if (children === null) return { connected: false, leader: null };
    const name = lowestContender(children.names);
    if (name === null) return { connected: true, leader: null };
    // A contender's body never changes, so it is read once, and again whenever any child came or went.
    if (known?.generation === generation && known.cversion === children.cversion && known.name === name) {
      return { connected: true, leader: known.leader };
    }
    const body = await session.read(`${electionPath}/${name}`);
    if (body === null) return { connected: false, leader: null };
    const leader = body === 'gone' ? null : identify(name, body);
    known = { generation, cversion: children.cversion, name, leader };
    return { connected: true, leader };
  };

  return {
    async sample() {
      if (busy) return;
      busy = true;
      const { name, ensemble } = server;
      const begin = stamp().mono;
      const seen = await lookUp();
      const now = stamp();
      append({ ...now, kind: 'znode', server: name, ensemble, begin, end: now.mono, ...seen });
      busy = false;
    },
    close: () => session.close(),
  };
}

/** `id` and `pid` of a MasterInfo body; a body that is none names itself, so that it cannot pass for a leader. */
function identify(name: string, body: Buffer): { id: string; pid: string } {
  const text = body.toString('utf8');
  try {
    const { id, pid } = JSON.parse(text) as { id?: unknown; pid?: unknown };
    if (typeof id === 'string' && typeof pid === 'string') return { id, pid };
  } catch {
    // Masters before 0.24 wrote other bodies; the miniature does not.
  }
  return { id: `unreadable ${name}`, pid: text.slice(0, 80) };
}
