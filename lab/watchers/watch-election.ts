import { stamp } from '../contract.js';
import type { ZnodeRecord } from '../judge/evidence.js';
import { contenders } from './contenders.js';
import { lowestContender } from './lowest-contender.js';
import { PinnedSession, type PinnedSessionOptions } from './pinned-session.js';

export interface ElectionWatch {
  /** Takes one sample, or none when the last one is not back yet: that gap shows in the records. */
  sample(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Watches who stands and who leads in the eyes of one ZooKeeper server: at every call, and at once whenever a
 * contender comes or goes, so that changes are timed to about a millisecond and not to the sampling period.
 */
export function watchElection(
  server: { readonly name: string; readonly ensemble: ZnodeRecord['ensemble'] } & PinnedSessionOptions,
  electionPath: string,
  append: (record: ZnodeRecord) => void,
): ElectionWatch {
  let busy = false;
  let isStale = false;
  const session = new PinnedSession({
    ...server,
    onChange: () => {
      isStale = true;
      void sample();
    },
  });
  let known: { generation: number; cversion: number; name: string; leader: ZnodeRecord['leader'] } | null = null;

  const lookUp = async (): Promise<Pick<ZnodeRecord, 'connected' | 'contenders' | 'leader'>> => {
    const { generation } = session;
    isStale = false;
    const children = await session.children(electionPath);
    if (children === null) return { connected: false, contenders: [], leader: null };
    // A server tells of a change before it answers with it, so what it told until now is in this answer.
    isStale = false;
    const seen = { connected: true, contenders: contenders(children.names) };
    const name = lowestContender(children.names);
    if (name === null) return { ...seen, leader: null };
    // A contender's body never changes, so it is read once, and again whenever any child came or went.
    if (known?.generation === generation && known.cversion === children.cversion && known.name === name) {
      return { ...seen, leader: known.leader };
    }
    const body = await session.read(`${electionPath}/${name}`);
    if (body === null) return { connected: false, contenders: [], leader: null };
    const leader = body === 'gone' ? null : identify(name, body);
    known = { generation, cversion: children.cversion, name, leader };
    return { ...seen, leader };
  };

  const sample = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    const { name, ensemble } = server;
    do {
      const begin = stamp().mono;
      const seen = await lookUp();
      const now = stamp();
      append({ ...now, kind: 'znode', server: name, ensemble, begin, end: now.mono, ...seen });
      // A change that came while the body was read has no sample of its own yet.
    } while (isStale && session.isConnected);
    busy = false;
  };

  return { sample, close: () => session.close() };
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
