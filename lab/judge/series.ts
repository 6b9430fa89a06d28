import type { AgentCount, LeaderStretch, LeaderView, WatchedSeries } from '../../src/domain/watched.js';
import type { ClusterRecord, Evidence, Span, ZnodeRecord } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';
import type { Life } from './lives.js';

interface Known {
  readonly evidence: Evidence;
  readonly intervals: readonly LeadingInterval[];
  readonly lives: ReadonlyMap<string, Life>;
  /** Wall clock minus monotonic clock, ms: journals and reads are joined on the latter. */
  readonly wallMs: number;
}

/** What the records show over time, for people to see; what it means is the judge's business. */
export function seriesOf(known: Known, range: Span): WatchedSeries {
  const { evidence, wallMs } = known;
  return {
    from: instant(range.from + wallMs),
    to: instant(range.to + wallMs),
    leaders: [
      ...led(known, range),
      ...(['source', 'observers', 'target'] as const).flatMap((ensemble) => named(known, ensemble, range)),
    ],
    agents: agentCounts(evidence.cluster, range),
  };
}

function led({ intervals, wallMs }: Known, range: Span): LeaderStretch[] {
  return intervals.flatMap(({ master, from, to }) => stretch('leads', master, { from, to }, range, wallMs));
}

/** Whom an ensemble named: what its servers say is joined, so that one which cannot be reached leaves no hole. */
function named({ evidence, lives, wallMs }: Known, ensemble: ZnodeRecord['ensemble'], range: Span): LeaderStretch[] {
  const spans = new Map<string, Span[]>();
  for (const records of evidence.znodes.values()) {
    if (records[0]?.ensemble !== ensemble) continue;
    for (const [index, { leader, end }] of records.entries()) {
      if (leader === null) continue;
      const master = lives.get(leader.id)?.master ?? leader.pid;
      // It stands until the next read shows otherwise.
      const to = records[index + 1]?.begin ?? end;
      const known = spans.get(master);
      if (known) known.push({ from: end, to: Math.max(end, to) });
      else spans.set(master, [{ from: end, to: Math.max(end, to) }]);
    }
  }
  return [...spans].flatMap(([master, own]) =>
    joined(own).flatMap((span) => stretch(ensemble, master, span, range, wallMs)),
  );
}

/** Between two reads of one server lie up to 300 ms. */
const SAME_MS = 300;

function joined(spans: readonly Span[]): Span[] {
  const whole: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = whole.at(-1);
    if (last && from - last.to <= SAME_MS) last.to = Math.max(last.to, to);
    else whole.push({ from, to });
  }
  return whole;
}

function stretch(view: LeaderView, master: string, span: Span, range: Span, wallMs: number): LeaderStretch[] {
  const from = Math.round(Math.max(span.from, range.from) + wallMs);
  const to = Math.round(Math.min(span.to, range.to) + wallMs);
  return to <= from ? [] : [{ view, master, from: instant(from), to: instant(to), durationMs: to - from }];
}

/** Only the changes: a census is taken every second. */
function agentCounts(cluster: readonly ClusterRecord[], range: Span): AgentCount[] {
  const counts: AgentCount[] = [];
  for (const { at, mono, activeAgentIds } of cluster) {
    if (mono < range.from || mono > range.to) continue;
    const registered = activeAgentIds.length;
    if (counts.at(-1)?.registered !== registered) counts.push({ at: instant(at), registered });
  }
  return counts;
}

function instant(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}
