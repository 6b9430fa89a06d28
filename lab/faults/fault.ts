import type { StrategyName } from '../../src/domain/config.js';
import type { DeclaredLosses } from '../judge/losses.js';
import type { Silence } from '../judge/sample-gaps.js';
import type { GivenApproval } from '../stage/migration.js';
import type { Stage } from '../stage/stage.js';
import type { Random } from './random.js';

/** Where and when a fault is put. */
export interface FaultScene {
  readonly stage: Stage;
  readonly strategy: StrategyName;
  /** The fault's own randomness: which host, which server, which moment. */
  readonly random: Random;
  /** Told to whoever watches the run; one short sentence. */
  readonly say: (text: string) => void;
}

/** A fault that is there now. */
export interface InjectedFault {
  /** Host, server or process it hit; null for none in particular. */
  readonly target: string | null;
  /** What it destroys by itself (S11); everything else that is lost counts. */
  readonly declares: DeclaredLosses;
  /** Processes that it has stopped, until healed: that they were not seen meanwhile proves nothing. */
  readonly silences?: () => readonly Silence[];
  /**
   * An order that was accepted: from now on the migration may end only like this. Left out: any true end will do.
   */
  readonly binds?: 'rolled-back';
  /** What somebody else than the operator approved by it. */
  readonly approvals?: readonly GivenApproval[];
  /** Takes the fault away and returns once that is done; fine when it is gone by itself. */
  heal(): Promise<void>;
}

/** One kind of thing that goes wrong. */
export interface Fault {
  /** Kebab-case, for example `worker-killed`. */
  readonly kind: string;
  /** Strategies in which it can hit anything; default: all. */
  readonly strategies?: readonly StrategyName[];
  /** What the stage must be started with, beyond the usual. */
  readonly needs?: 'partitions' | 'shiftable-clocks';
  /** Under it Mesos itself shows two claims for some time, migration or not (S10). */
  readonly nativeOverlap?: true;
  /** While it lasts nothing can be started on either side (S1), so it may itself cost the window its budget. */
  readonly cutsOff?: true;
  /**
   * How long it stays before it is healed, ms: drawn from this range. `null` = it is over at once (a kill
   * with restart, a dropped connection), `heal` is called all the same.
   */
  readonly lastsMs: readonly [least: number, most: number] | null;
  inject(scene: FaultScene): Promise<InjectedFault>;
}
