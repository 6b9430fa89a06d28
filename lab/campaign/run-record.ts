import type { MigrationStatus } from '../../src/domain/status.js';
import type { Verdicts } from '../contract.js';
import type { FaultRecord } from './injector.js';
import type { Scenario } from './scenario.js';

/** Where a migration stood at its run's end. */
export type EndState =
  | 'migrated'
  | 'rolled-back'
  | 'stranded'
  /** Waiting for a person, who has been told the truth. */
  | 'waiting'
  /** Refused before anything was written. */
  | 'refused'
  /** Ended by force before anything was written; later, another migration takes it over and its end counts. */
  | 'terminated'
  /** None of these within the run's time. */
  | 'nowhere';

/** What a run is worth: `unproved` is never counted as passed. */
export type Judgement = 'passed' | 'failed' | 'unproved';

/** One line of the campaign's record. */
export interface RunRecord {
  readonly schemaVersion: 1;
  readonly seed: number;
  readonly run: number;
  /** `git rev-parse HEAD`, with `-dirty` when the sources differ from it. */
  readonly commit: string;
  /** Cores, memory and Node's version of the machine. */
  readonly machine?: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly scenario: Scenario;
  readonly faults: readonly FaultRecord[];
  readonly end: EndState;
  readonly judgement: Judgement;
  /** Why it failed or is not proved; empty when it passed. */
  readonly reasons: readonly string[];
  readonly verdicts: Verdicts | null;
  /** As the migration told it; the watchers' figures are in `verdicts`. */
  readonly window: MigrationStatus['window'];
  readonly incidents: MigrationStatus['incidents'];
  readonly decisions: MigrationStatus['decisions'];
  readonly phases: MigrationStatus['timeline'];
  /** Overlap that the same fault causes without a migration, ms (S10); null = there was none to compare. */
  readonly nativeOverlapMs: number | null;
  /** Longest stretch without a leader in the whole run, by the masters' journals. */
  readonly longestLeaderlessMs: number;
  /** Kind of the fault that itself cut the window off from its budget; null = none did. */
  readonly cutOffBy: string | null;
  /** Set when the run was repeated because its samples had proved nothing. */
  readonly repeats?: string;
  /** The lab's folder, kept because the run did not pass. */
  readonly kept?: string;
}
