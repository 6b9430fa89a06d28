import type { Approval, Decision, Incident, MigrationState, MigrationStatus } from './status.js';

/**
 * `report.json` (schemaVersion 1): what a migration did and how it went, written by the demo, by
 * campaigns and by `zkferry report --json`.
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
export interface ReportWindow {
  readonly budgetMs: number | null;
  readonly forecastMs: number | null;
  readonly coordinationMs: number | null;
  readonly leaderlessMs: number | null;
  readonly lastAgentMs: number | null;
}

export interface ReportPhase {
  readonly name: string;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly outcome: 'running' | 'done' | 'undone' | 'failed' | 'skipped';
}

/** What the watchers add to a report. */
export interface Watched {
  readonly verdicts: ReportVerdicts;
  readonly window: Pick<ReportWindow, 'coordinationMs' | 'leaderlessMs' | 'lastAgentMs'>;
}

/** Joins what the workflow says it did with what the watchers saw; null where nobody watched. */
export function reportOf(status: MigrationStatus, watched: Watched | null): Report {
  return {
    schemaVersion: 1,
    cluster: status.cluster,
    strategy: status.strategy,
    outcome: status.state,
    verdicts: watched?.verdicts ?? null,
    window: windowOf(status, watched),
    phases: status.timeline.map(({ phase, startedAt, endedAt, outcome }) => ({
      name: phase,
      startedAt,
      durationMs: endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt),
      outcome,
    })),
    approvals: status.approvals,
    decisions: status.decisions,
    incidents: status.incidents,
  };
}

function windowOf({ window }: MigrationStatus, watched: Watched | null): ReportWindow | null {
  const measured = watched?.window ?? window;
  if (measured === null || (window === null && measured.leaderlessMs === null)) return null;
  return {
    budgetMs: window?.budgetMs ?? null,
    forecastMs: window?.forecastMs ?? null,
    coordinationMs: measured.coordinationMs,
    leaderlessMs: measured.leaderlessMs,
    lastAgentMs: measured.lastAgentMs,
  };
}
