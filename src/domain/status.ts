import type { HookEvent } from './config.js';

/** The contract of the `status` query and of the workflow's result (schemaVersion 1). */
export interface MigrationStatus {
  readonly schemaVersion: 1;
  readonly cluster: string;
  readonly strategy: string;
  readonly state: MigrationState;
  readonly phase: string;
  readonly planHash: string | null;
  readonly progress: {
    readonly done: number;
    readonly total: number;
    readonly failed: number;
    readonly etaMs: number | null;
  };
  readonly waitingFor: WaitingFor | null;
  readonly window: WindowStatus | null;
  readonly rollback: { readonly possible: boolean; readonly cost: string; readonly estimateMs: number | null };
  readonly incidents: readonly Incident[];
  readonly timeline: readonly TimelineEntry[];
  readonly approvals: readonly Approval[];
  readonly decisions: readonly Decision[];
  /** The last ten; absent where no hook has failed. */
  readonly hookFailures?: readonly HookFailure[];
}

export interface HookFailure {
  readonly event: HookEvent;
  readonly at: string;
  readonly reason: string;
}

/** `cancelled` is never said by a workflow: one that is cancelled before its first write ends without a word. */
export const MIGRATION_STATES = [
  'running',
  'awaiting-approval',
  'paused',
  'awaiting-decision',
  'rolling-back',
  'migrated',
  'rolled-back',
  'stranded',
  'cancelled',
] as const;
export type MigrationState = (typeof MIGRATION_STATES)[number];

/** `since` is an ISO instant; `next` is the exact command that moves things on. */
export interface WaitingFor {
  readonly what: string;
  readonly since: string;
  readonly next: string;
}

/** The critical window; instants are ISO strings, durations milliseconds, null = not known (yet). */
export interface WindowStatus {
  readonly budgetMs: number;
  readonly forecastMs: number | null;
  /** One line: what forecast and reserve are the sum of, and what of it was measured. */
  readonly derivation: string | null;
  readonly openedAt: string | null;
  readonly turnBackAt: string | null;
  /** When a recovered leader was proved in target: from then on nothing undoes itself. */
  readonly pointOfNoReturnAt: string | null;
  readonly leaderlessMs: number | null;
  readonly coordinationMs: number | null;
  readonly lastAgentMs: number | null;
}

export interface Incident {
  readonly id: string;
  readonly phase: string;
  /** A `FERRY_…` code. */
  readonly code: string;
  readonly host: string | null;
  readonly message: string;
  readonly remedy: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

export interface TimelineEntry {
  readonly phase: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly outcome: 'running' | 'done' | 'undone' | 'failed' | 'skipped';
}

export type GateName = 'begin' | 'cut-over' | 'complete';

export interface Approval {
  readonly gate: GateName;
  readonly by: string;
  readonly planHash: string;
  readonly note?: string;
  readonly at: string;
}

export interface Decision {
  readonly incident: string;
  readonly action: DecisionAction;
  readonly by: string;
  readonly note?: string;
  readonly at: string;
}
export type DecisionAction = 'retry' | 'skip' | 'rollback';

// Messages: each exactly one JSON object (the Temporal UI can send no more).
export interface ApproveMessage {
  readonly gate: GateName;
  readonly by: string;
  readonly planHash: string;
  readonly note?: string;
}
export interface PauseMessage {
  readonly by: string;
}
export interface ResumeMessage {
  readonly by: string;
}
export interface RollbackMessage {
  readonly by: string;
  readonly reason?: string;
}
export interface DecideMessage {
  readonly incident: string;
  readonly action: DecisionAction;
  readonly by: string;
  readonly note?: string;
}
export interface SetPaceMessage {
  readonly by: string;
  readonly batch?: number;
  readonly pauseMs?: number;
}
