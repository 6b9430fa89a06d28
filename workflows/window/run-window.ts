import { ApplicationFailure, CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { AgentsBack, EnsembleName, LeaderReport } from '../../activities/contract.js';
import type { CarriedPlan } from '../../src/domain/carried-plan.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { Measurements } from '../../src/domain/plan.js';
import type { Incident } from '../../src/domain/status.js';
import type { Restarts } from '../../src/domain/window-forecast.js';
import { incidentOf } from '../saga.js';

export interface CutOverInput {
  readonly config: ClusterConfig;
  readonly plan: CarriedPlan;
  readonly migration: string;
  /** Generations above this one are the window's own. */
  readonly generation: number;
  readonly to: EnsembleName;
  /** What the rehearsal measured; null where the strategy has none. */
  readonly measured: Measurements | null;
  /** Measured restarts; absent in windows that an earlier version of this began, and has judged already. */
  readonly restarts?: Restarts;
  /**
   * When the look was complete with which the gate was passed, ms since the epoch; says nothing towards
   * source. Absent in windows that an earlier version of this began.
   */
  readonly lookedAt?: number;
}

export interface CutOverResult {
  /** `not-opened`: nothing was stopped. */
  readonly outcome: 'switched' | 'turned-back' | 'not-opened';
  /** Why it did not switch, or what went wrong after it had. */
  readonly incident: Why | null;
  readonly agents: AgentsBack | null;
  /** Hosts whose unit is still held down, because they could not be reached afterwards. */
  readonly held: readonly string[];
  /** Source leads again, but target could not be told to mirror it. */
  readonly unpublished?: boolean;
}

export type Why = Pick<Incident, 'code' | 'host' | 'message' | 'remedy'>;

/** What a strategy does in the critical window; every step is one activity per host, with barriers between. */
export interface Window {
  /** All that can be done beforehand; fails without having stopped anything. */
  prepare(): Promise<void>;
  /** Judges forecast against budget and opens the window. @returns the turn-back point, null = none. @throws FERRY_FORECAST, FERRY_OLD_LOOK */
  open(): number | null;
  /** What it does at this moment towards target, for people. */
  underWay(): string[];
  /** From the first stop to the proved leader of the new side: the point of no return. */
  switchOver(): Promise<LeaderReport>;
  /** Late agents are an incident for a person, never an automatic undo: they have 10 minutes (M 3.3). */
  awaitAgents(leader: LeaderReport): Promise<CutOverResult>;
  /** The way back, shielded: ends with the old side's leader proved, or fails for a person to see. */
  turnBack(why: Why): Promise<CutOverResult>;
}

/** Windows that began before this was so go on as they began. */
const SHIELDED = 'shielded-window-tail';

/**
 * Runs a critical window.
 *
 * Towards target, whatever is not proved by the turn-back point is undone here; once a leader with a
 * recovered registry stands, nothing undoes itself any more and a cancellation comes too late.
 * Towards source (the operator's rollback) there is no way back from the way back, so no cancellation
 * cuts it in two: a step that fails for good fails the workflow, and running it again starts from
 * whatever stands.
 */
export async function runWindow(to: EnsembleName, window: Window): Promise<CutOverResult> {
  const shielded = patched(SHIELDED);
  if (to === 'target') return await forth(window, shielded);
  return shielded ? await CancellationScope.nonCancellable(() => back(window)) : await back(window);
}

async function forth(window: Window, shielded: boolean): Promise<CutOverResult> {
  let turnBackMs: number | null;
  try {
    await window.prepare();
    turnBackMs = window.open();
  } catch (cause) {
    return { outcome: 'not-opened', incident: whyNot(cause), agents: null, held: [] };
  }
  let leader: LeaderReport;
  try {
    leader = await withinBudget(turnBackMs, window, shielded);
  } catch (cause) {
    const why = whyNot(cause);
    try {
      return await CancellationScope.nonCancellable(() => window.turnBack(why));
    } catch (failure) {
      throw stopped(failure, `; the window had turned back because ${why.message}`);
    }
  }
  // The point of no return lies behind: from here on nothing undoes itself, whatever fails or comes.
  return await CancellationScope.nonCancellable(() => window.awaitAgents(leader));
}

async function back(window: Window): Promise<CutOverResult> {
  await window.prepare();
  window.open();
  let leader: LeaderReport;
  try {
    leader = await window.switchOver();
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
    throw stopped(failure, '');
  }
  return await CancellationScope.nonCancellable(() => window.awaitAgents(leader));
}

function whyNot(cause: unknown): Why {
  return isCancellation(cause)
    ? {
        code: 'FERRY_ROLLBACK_ORDERED',
        host: null,
        message: 'a rollback was ordered before the point of no return',
        remedy: 'None needed',
      }
    : incidentOf(cause);
}

/** A way back that failed for good: whoever is asked has to know that nothing can wait now. */
function stopped(failure: unknown, because: string): ApplicationFailure {
  const { code, host, message, remedy } = incidentOf(failure);
  return ApplicationFailure.nonRetryable(
    `the way back has stopped in the middle, and until it goes on masters may be held down and nobody lead: ${message}${because}`,
    code,
    { host, remedy },
  );
}

/**
 * Runs the way forward, cancelled at the turn-back point by a durable timer (null = no limit), or when the
 * workflow is cancelled before it has ended. What it has begun and not awaited goes on after its end, and
 * then nothing cancels it any more.
 */
async function withinBudget(turnBackMs: number | null, window: Window, shielded: boolean): Promise<LeaderReport> {
  if (turnBackMs === null) return window.switchOver();
  const timer = new CancellationScope();
  const forward = shielded ? shieldedScope() : { scope: new CancellationScope(), shield: () => undefined };
  let late: string[] | null = null;
  void timer
    .run(async () => {
      await sleep(Math.max(1, turnBackMs - Date.now()), { summary: 'turn-back point' });
      late = window.underWay();
      forward.scope.cancel();
    })
    .catch(() => undefined);
  try {
    const done = await forward.scope.run(() => window.switchOver());
    forward.shield();
    return done;
  } catch (cause) {
    // Steps beside the one that failed must not go on while everything is undone.
    forward.scope.cancel();
    if (late === null) throw cause;
    throw ApplicationFailure.nonRetryable(
      `the turn-back point came before a recovered leader was proved; under way then: ${telling(late)}`,
      'FERRY_TURN_BACK',
      {
        host: null,
        remedy: 'Look at what was under way when it came, then approve the gate again or roll back',
      },
    );
  } finally {
    timer.cancel();
  }
}

function telling(summaries: readonly string[]): string {
  return summaries.length === 0 ? 'nothing' : summaries.join(', ');
}

/** A scope that the current one's cancellation reaches until `shield` is called. */
function shieldedScope(): { readonly scope: CancellationScope; readonly shield: () => void } {
  const outer = CancellationScope.current();
  const scope = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  let shielded = false;
  const pass = (): void => {
    if (!shielded) scope.cancel();
  };
  if (outer.consideredCancelled) pass();
  outer.cancelRequested.catch(pass);
  return { scope, shield: () => void (shielded = true) };
}
