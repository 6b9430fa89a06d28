/** One activity as the workflow's history has it. */
export interface Trace {
  /** What people read: the activity's summary. */
  readonly what: string;
  readonly host: string | null;
  readonly startedAt: string;
  /** Null while it goes on. */
  readonly durationMs: number | null;
  readonly outcome: 'running' | 'done' | 'failed' | 'canceled' | 'cut-off';
  readonly attempts: number;
  /** The batch it belonged to: where agents are rolled, those that begin together. */
  readonly batch: string | null;
  /** When it proved a process stopped. */
  readonly stoppedAt: string | null;
  /** What it says it left behind. */
  readonly residue: readonly string[] | null;
}

/** What a person ordered besides approvals and decisions. */
export interface Order {
  readonly what: 'pause' | 'resume' | 'rollback' | 'setPace';
  readonly by: string;
  readonly at: string;
  /** The reason given. */
  readonly note: string | null;
}

/** Agents that were moved together. */
export interface Batch {
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly hosts: readonly string[];
  readonly failed: number;
}

/** Index of the phase that had begun last at this instant, -1 before the first. */
export function phaseIndexAt(phases: readonly { readonly startedAt: string }[], at: string): number {
  const instant = Date.parse(at);
  return phases.findLastIndex(({ startedAt }) => Date.parse(startedAt) <= instant);
}

/** Batches in the order in which they began. */
export function batchesOf(traces: readonly Trace[]): Batch[] {
  const groups = new Map<string, Trace[]>();
  for (const trace of traces) {
    if (trace.batch === null) continue;
    const group = groups.get(trace.batch);
    if (group) group.push(trace);
    else groups.set(trace.batch, [trace]);
  }
  return [...groups.values()].map(batchOf).sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
}

function batchOf(traces: readonly Trace[]): Batch {
  const from = Math.min(...traces.map(({ startedAt }) => Date.parse(startedAt)));
  const ends = traces.map(({ startedAt, durationMs }) =>
    durationMs === null ? null : Date.parse(startedAt) + durationMs,
  );
  const hosts = (of: readonly Trace[]) => new Set(of.flatMap(({ host }) => (host === null ? [] : [host])));
  return {
    startedAt: new Date(from).toISOString(),
    durationMs: ends.includes(null) ? null : Math.max(...ends.filter((end) => end !== null)) - from,
    hosts: [...hosts(traces)],
    failed: hosts(traces.filter(({ outcome }) => outcome === 'failed')).size,
  };
}
