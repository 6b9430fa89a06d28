import { milestonesOf, type Milestone, type Measured } from './report-window.js';
import type { Approval, Decision, Incident, MigrationState, MigrationStatus, WaitingFor } from './status.js';
import { batchesOf, phaseIndexAt, type Batch, type Order, type Trace } from './trace.js';
import type { Watched, WatchedSeries } from './watched.js';

/**
 * `report.json` (schemaVersion 1): what a migration did and how it went, written by the demo, by
 * campaigns and by `zkferry report`. The HTML page shows this and nothing else.
 *
 * `verdicts` come from watchers outside the workflow, never from the workflow; they are null where
 * nobody watched. Instants are ISO strings, durations milliseconds, null = not known.
 */
export interface Report {
  readonly schemaVersion: 1;
  readonly cluster: string;
  readonly strategy: string;
  readonly outcome: MigrationState;
  readonly verdicts: ReportVerdicts | null;
  readonly window: ReportWindow | null;
  readonly phases: readonly ReportPhase[];
  readonly approvals: readonly Approval[];
  readonly decisions: readonly Decision[];
  readonly incidents: readonly Incident[];
  /** Pauses, rollbacks and the like, by the workflow's history; null where it was not read. */
  readonly orders: readonly Order[] | null;
  /** When the report was made: what is still going on is shown up to then. */
  readonly madeAt: string;
  readonly run: ReportRun | null;
  readonly planHash: string | null;
  readonly startedAt: string | null;
  /** Null while it goes on. */
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly waitingFor: WaitingFor | null;
  readonly rollback: MigrationStatus['rollback'];
  /** What the watchers saw over time; null where nobody watched. */
  readonly seen: WatchedSeries | null;
  /** What was done, by the workflow's history; null where it was not read. */
  readonly steps: readonly ReportStep[] | null;
  readonly batches: readonly ReportBatch[] | null;
  /** Child workflows whose history could not be read: their steps are missing. */
  readonly unread: readonly string[];
  /** What is left on hosts and ensembles, in sentences; null = nobody has looked yet. */
  readonly residue: readonly string[] | null;
}

/** The workflow run that the report is about. `closed` other than `completed`: it ended without a result. */
export interface ReportRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly closed: 'running' | 'completed' | 'terminated' | 'canceled' | 'timed-out' | 'failed';
  readonly closedAt: string | null;
}

export interface ReportVerdicts {
  readonly leadersAtOnceMax: number;
  readonly samples: number;
  readonly largestGapMs: number;
  /** False: the evidence has holes, so nothing is proved and nothing passed. */
  readonly proved: boolean;
  readonly overlapMs: number;
  readonly ghostMs: number;
  readonly agentsLost: readonly string[];
  readonly tasksLost: readonly string[];
  readonly frameworksLost: readonly string[];
  /** Longest stretch in which a server of target named a living master other than source's leader (S19). */
  readonly wrongLeaderMs: number;
  /** Null when source's election was never published in target. */
  readonly mirrorDelay: ReportMirrorDelay | null;
  readonly passed: boolean;
  /** Why not passed, in sentences; empty when passed. */
  readonly reasons: readonly string[];
}

/** From a contender's coming or going in source to the same in target; null figures when nobody came or went. */
export interface ReportMirrorDelay {
  readonly changes: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** Budget and forecast are the workflow's; the three measured figures are the watchers' where there were any. */
export interface ReportWindow extends Measured {
  readonly budgetMs: number | null;
  readonly forecastMs: number | null;
  /** Sentences for people: what the budget is made of, what forecast and reserve are. */
  readonly budgetDerivation: string | null;
  readonly derivation: string | null;
  readonly openedAt: string | null;
  readonly milestones: readonly Milestone[];
}

export interface ReportPhase {
  readonly name: string;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly outcome: 'running' | 'done' | 'undone' | 'failed' | 'skipped';
}

export interface ReportStep extends Trace {
  readonly phase: string | null;
}

export interface ReportBatch extends Batch {
  readonly phase: string | null;
}

/** What is known besides the status. */
export interface Beside {
  readonly madeAt: string;
  readonly run?: ReportRun;
  readonly watched?: Watched | null;
  /** The workflow's history, where it was read. */
  readonly history?: {
    readonly traces: readonly Trace[];
    readonly orders: readonly Order[];
    readonly budgetDerivation: string | null;
    readonly unread: readonly string[];
  } | null;
}

/** Joins what the workflow says it did with what the watchers saw. */
export function reportOf(status: MigrationStatus, beside: Beside): Report {
  const { madeAt, run = null, watched = null, history = null } = beside;
  const traces = history?.traces ?? null;
  const { timeline, approvals, decisions, incidents } = status;
  const startedAt = timeline[0]?.startedAt ?? null;
  const endedAt = endOf(status, run);
  const phaseAt = (at: string) => timeline[phaseIndexAt(timeline, at)]?.phase ?? null;
  return {
    schemaVersion: 1,
    cluster: status.cluster,
    strategy: status.strategy,
    outcome: status.state,
    verdicts: watched?.verdicts ?? null,
    window: windowOf(status, watched, traces, history?.budgetDerivation ?? null),
    phases: timeline.map((entry) => ({
      name: entry.phase,
      startedAt: entry.startedAt,
      durationMs: entry.endedAt === null ? null : between(entry.startedAt, entry.endedAt),
      outcome: entry.outcome,
    })),
    approvals,
    decisions,
    incidents,
    orders: history?.orders ?? null,
    madeAt,
    run,
    planHash: status.planHash,
    startedAt,
    endedAt,
    durationMs: startedAt === null ? null : between(startedAt, endedAt ?? madeAt),
    waitingFor: status.waitingFor,
    rollback: status.rollback,
    seen: watched?.seen ?? null,
    steps: traces?.map((trace) => ({ ...trace, phase: phaseAt(trace.startedAt) })) ?? null,
    batches: traces === null ? null : batchesOf(traces).map((batch) => ({ ...batch, phase: phaseAt(batch.startedAt) })),
    unread: history?.unread ?? [],
    residue: residueOf(status, run, traces),
  };
}

const ENDED: readonly MigrationState[] = ['migrated', 'rolled-back', 'stranded', 'cancelled'];

function endOf({ state, timeline }: MigrationStatus, run: ReportRun | null): string | null {
  if (run !== null && run.closedAt !== null) return run.closedAt;
  return ENDED.includes(state) ? (timeline.at(-1)?.endedAt ?? null) : null;
}

function windowOf(
  { window }: MigrationStatus,
  watched: Watched | null,
  traces: readonly Trace[] | null,
  budgetDerivation: string | null,
): ReportWindow | null {
  const measured = watched?.window ?? window;
  if (measured === null || (window === null && measured.leaderlessMs === null)) return null;
  const { coordinationMs, leaderlessMs, lastAgentMs } = measured;
  return {
    budgetMs: window?.budgetMs ?? null,
    forecastMs: window?.forecastMs ?? null,
    coordinationMs,
    leaderlessMs,
    lastAgentMs,
    budgetDerivation,
    // Migrations that began before these were told have neither.
    derivation: window?.derivation ?? null,
    openedAt: window?.openedAt ?? null,
    milestones: window === null ? [] : milestonesOf(window, watched?.window ?? null, traces),
  };
}

/** A run that was cut off has named nothing: what stands where is for `zkferry doctor` to see. */
function residueOf(status: MigrationStatus, run: ReportRun | null, traces: readonly Trace[] | null): string[] | null {
  const named = [
    ...status.incidents.filter(({ code }) => code === 'FERRY_RESIDUE').map(({ message }) => message),
    ...(traces ?? []).flatMap(({ residue }) => residue ?? []),
  ];
  // Nothing is written before gate begin is passed.
  if (status.state === 'cancelled' || !status.approvals.some(({ gate }) => gate === 'begin')) return named;
  const cleaned = status.timeline.some(({ phase, outcome }) => phase === 'clean-up' && outcome === 'done');
  const cutOff = run !== null && run.closed !== 'completed' && run.closed !== 'running';
  if (named.length === 0 && (!cleaned || cutOff || status.state === 'stranded')) return null;
  return [...new Set(named)];
}

function between(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
