/* eslint-disable @typescript-eslint/no-explicit-any -- commands as the SDK makes them, untyped */
import type { Activities } from '../../../activities/contract.js';
import type { MigrationStatus } from '../../../src/domain/status.js';
import type { Execution } from './sandbox.js';
import type { Step } from './step.js';

export interface Pending {
  readonly run: Run;
  readonly seq: number;
  readonly name: keyof Activities;
  readonly args: any;
  readonly step: Step;
  readonly label: string;
  cancelled: boolean;
  readonly waitsForCancellation: boolean;
  /** Tried for ever until cancelled, or given up after some attempts. */
  readonly endless: boolean;
}

export interface Timer {
  readonly run: Run;
  readonly seq: number;
  readonly at: number;
  /** Null: of no interest by itself. */
  readonly purpose: 'turn-back' | 'lag' | null;
}

/** One workflow: the migration or a child of it. */
export interface Run {
  readonly id: string;
  readonly type: string;
  readonly parent: { readonly run: Run; readonly seq: number } | null;
  readonly input: any;
  execution: Execution;
  /** What the phase at hand has been answered so far: with its name, its local variables. */
  answers: string[];
}

/** An effect of a step that the workflow has given up: it may still come, or never. */
export interface Late {
  readonly name: keyof Activities;
  readonly step: Step;
  readonly label: string;
  readonly args: any;
}

export interface End {
  readonly kind: 'completed' | 'failed' | 'cancelled';
  readonly status: MigrationStatus | null;
  readonly error: string | null;
}

/** What happened on one way, for the invariants. */
export interface Observer {
  scheduled?(pending: Pending): void;
  childStarted?(run: Run): void;
  effect?(label: string): void;
}
