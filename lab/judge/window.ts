import type { Evidence, Span, ZnodeRecord } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';

export interface WindowFigures {
  readonly leaderlessMs: number | null;
  readonly coordinationMs: number | null;
  readonly lastAgentMs: number | null;
}

/**
 * Finds the critical window in the records themselves and measures it, in ms from the end of the old
 * leader: to the next `elected` (leaderless), to the moment a server of target named the new leader
 * (coordination), to the re-registration of the last agent.
 *
 * The window is the change of leader after which target's own servers name the new one; where that
 * never happened (a window that turned back) it is the last change of leader in which all observers were stopped,
 * and there is no coordination through target. All null when there was no window.
 *
 * @param hint looks only at changes of leader whose election lies in this span.
 */
export function windowFigures(evidence: Evidence, intervals: readonly LeadingInterval[], hint?: Span): WindowFigures {
  const changes = changesOfLeader(intervals).filter(
    ({ next }) => !hint || (next.from >= hint.from && next.from <= hint.to),
  );
  const namedByTarget = [...evidence.znodes.values()].flat().filter((record) => record.ensemble === 'target');
  const names = (id: string) => namedByTarget.filter((record) => record.leader?.id === id);
  const crossing = changes.find(({ old, next }) => names(next.id).length > 0 && names(old.id).length === 0);
  const change = crossing ?? changes.findLast((candidate) => allObserversExited(evidence, candidate));
  if (!change) return { leaderlessMs: null, coordinationMs: null, lastAgentMs: null };
  const { old, next } = change;
  const seen = earliest(names(next.id));
  const lastAgentAt = lastAgentBackAt(evidence, change);
  return {
    leaderlessMs: round(Math.max(0, next.from - old.to)),
    coordinationMs: seen === null ? null : round(Math.max(next.from, seen) - old.to),
    lastAgentMs: lastAgentAt === null ? null : round(lastAgentAt - old.to),
  };
}

interface ChangeOfLeader {
  readonly old: LeadingInterval;
  readonly next: LeadingInterval;
}

function changesOfLeader(intervals: readonly LeadingInterval[]): ChangeOfLeader[] {
  const ordered = [...intervals].sort((a, b) => a.from - b.from);
  return ordered.slice(1).flatMap((next, index) => {
    const old = ordered[index];
    return old ? [{ old, next }] : [];
  });
}

function allObserversExited({ znodes, supervisor }: Evidence, { old, next }: ChangeOfLeader): boolean {
  const observers = [...znodes].filter(([, records]) => records[0]?.ensemble === 'observers').map(([name]) => name);
  return (
    observers.length > 0 &&
    observers.every((observer) =>
      supervisor.some((s) => s.event === 'exit' && s.host === observer && s.mono >= old.from && s.mono <= next.from),
    ) &&
    supervisor.some((s) => s.event === 'exit' && observers.includes(s.host) && s.mono >= old.to && s.mono <= next.from)
  );
}

function earliest(records: readonly ZnodeRecord[]): number | null {
  return records.length === 0 ? null : Math.min(...records.slice(0, 64).map((record) => record.end));
}

/** Null when an agent that was active before the change was not seen active at the new leader. */
function lastAgentBackAt({ cluster }: Evidence, { old, next }: ChangeOfLeader): number | null {
  const before = cluster.findLast((view) => view.mono <= old.to && view.leader === old.master);
  const after = cluster.filter((view) => view.mono >= next.from && view.mono <= next.to && view.leader === next.master);
  if (!before || before.activeAgentIds.length === 0) return null;
  const backAt = before.activeAgentIds.map((id) => {
    const view = after.find((candidate) => candidate.activeAgentIds.includes(id));
    if (!view) return null;
    const since = view.activeSince?.[id];
    const at = since === undefined ? view.mono : since - (view.at - view.mono);
    return Math.min(view.mono, Math.max(next.from, at));
  });
  return backAt.includes(null) ? null : Math.max(...backAt.filter((at) => at !== null));
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
