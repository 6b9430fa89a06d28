import type { Evidence, Span, ZnodeRecord } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';
import { allMastersEndedAt, type Life } from './lives.js';
import type { Publishing } from './publishing.js';

export interface WindowFigures {
  readonly leaderlessMs: number | null;
  readonly coordinationMs: number | null;
  readonly lastAgentMs: number | null;
}

interface Known {
  readonly evidence: Evidence;
  readonly intervals: readonly LeadingInterval[];
  readonly lives: ReadonlyMap<string, Life>;
  readonly published: Publishing;
}

/**
 * Finds the critical window in the records themselves and measures it, in ms from the end of the old
 * leader: to the next `elected` (leaderless), to the moment a server of target named the new leader
 * (coordination), to the re-registration of the last agent.
 *
 * The window is the change of leader after which target's own servers name the new one and had not named the old
 * one. Under dual publishing they did name the old one, through its mirror: there it is the change in which all masters
 * had ended before the next was elected in target, where it stands under a name that never was in source. Where that
 * never happened (a window that turned back) it is the last change of leader in which all observers, or under dual
 * publishing all masters, were stopped, and there is no coordination through target. All null when there was no window.
 *
 * @param hint looks only at changes of leader whose election lies in this span.
 */
export function windowFigures(known: Known, hint?: Span): WindowFigures {
  const { evidence } = known;
  const found = windowChange(known, hint);
  if (!found) return { leaderlessMs: null, coordinationMs: null, lastAgentMs: null };
  const { change, seenAt } = found;
  const { old, next } = change;
  const lastAgentAt = lastAgentBackAt(evidence, change);
  return {
    leaderlessMs: round(Math.max(0, next.from - old.to)),
    coordinationMs: seenAt === null ? null : round(Math.max(next.from, seenAt) - old.to),
    lastAgentMs: lastAgentAt === null ? null : round(lastAgentAt - old.to),
  };
}

/** The change of leader that was the window, and when a server of target first named the new one. */
export function windowChange(
  { evidence, intervals, lives, published }: Known,
  hint?: Span,
): { readonly change: ChangeOfLeader; readonly seenAt: number | null } | null {
  const changes = changesOfLeader(intervals).filter(
    ({ next }) => !hint || (next.from >= hint.from && next.from <= hint.to),
  );
  const namedByTarget = [...evidence.znodes.values()].flat().filter((record) => record.ensemble === 'target');
  const names = (id: string) => namedByTarget.filter((record) => record.leader?.id === id);
  const namesNative = (id: string) =>
    names(id).filter(({ contenders: [lowest = ''] }) => !published.source.has(lowest));
  const endings = allMastersEndedAt(lives);
  const isMastersStop = ({ old, next }: ChangeOfLeader) => endings.some((end) => end >= old.to && end <= next.from);
  const isPublished = published.stretches.length > 0;
  const crossing = isPublished
    ? changes.find((candidate) => isMastersStop(candidate) && namesNative(candidate.next.id).length > 0)
    : changes.find(({ old, next }) => names(next.id).length > 0 && names(old.id).length === 0);
  const change =
    crossing ??
    changes.findLast((candidate) => (isPublished ? isMastersStop(candidate) : allObserversExited(evidence, candidate)));
  if (!change) return null;
  const { id } = change.next;
  return { change, seenAt: earliest(isPublished ? namesNative(id) : names(id)) };
}

interface ChangeOfLeader {
  readonly old: LeadingInterval;
  readonly next: LeadingInterval;
}

/** Of several that led at once the last one to end is the old leader. */
function changesOfLeader(intervals: readonly LeadingInterval[]): ChangeOfLeader[] {
  const changes: ChangeOfLeader[] = [];
  let old: LeadingInterval | null = null;
  for (const next of [...intervals].sort((a, b) => a.from - b.from)) {
    if (old) changes.push({ old, next });
    if (!old || next.to >= old.to) old = next;
  }
  return changes;
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
  return records.reduce<number | null>((first, { end }) => Math.min(first ?? end, end), null);
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
