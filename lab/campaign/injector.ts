import type { StrategyName } from '../../src/domain/config.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import type { Fault, InjectedFault } from '../faults/fault.js';
import type { Random } from '../faults/random.js';
import type { Stage } from '../stage/stage.js';
import { hasCome } from './moment.js';
import type { PlannedFault } from './scenario.js';

/** What became of a planned fault; instants in ms since the epoch. */
export interface FaultRecord extends PlannedFault {
  readonly target: string | null;
  /** Phase and state as last seen when it was put; null = its moment never came. */
  readonly hit: {
    readonly at: number;
    readonly phase: string;
    readonly state: string;
    readonly inWindow: boolean;
  } | null;
  readonly healedAt: number | null;
  /** How the migration had to end from then on. */
  readonly binds?: 'rolled-back';
  /** It could not be put or taken away: the lab's own failure. */
  readonly error: string | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Surroundings {
  readonly stage: Stage;
  readonly strategy: StrategyName;
  readonly random: Random;
  readonly say: (text: string) => void;
  readonly faultOfKind: (kind: string) => Fault;
}

/** Puts each planned fault when its moment comes and takes it away when its time is over. */
export class Injector {
  readonly records: Mutable<FaultRecord>[];
  readonly injected: InjectedFault[] = [];
  readonly #waiting: Set<number>;
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #scheduled = new Map<string, number>();
  #latest: MigrationStatus | null = null;
  readonly #end = new AbortController();

  constructor(
    planned: readonly PlannedFault[],
    private readonly around: Surroundings,
  ) {
    this.records = planned.map((fault) => ({ ...fault, target: null, hit: null, healedAt: null, error: null }));
    this.#waiting = new Set(planned.keys());
  }

  /** Whether a fault's moment has come and it is not over yet. */
  get active(): boolean {
    return this.#underWay.size > 0;
  }

  /** Tells what the migration says of itself now. */
  see(status: MigrationStatus): void {
    this.#latest = status;
    this.#putWhatIsDue();
  }

  /** Tells that an activity was scheduled. */
  seeActivity(name: string): void {
    this.#scheduled.set(name, (this.#scheduled.get(name) ?? 0) + 1);
    this.#putWhatIsDue();
  }

  #putWhatIsDue(): void {
    for (const nth of this.#waiting) {
      const record = this.records[nth];
      if (record === undefined || !hasCome(record.moment, this.#latest, this.#scheduled)) continue;
      this.#waiting.delete(nth);
      const life = this.#live(nth, record).finally(() => this.#underWay.delete(nth));
      this.#underWay.set(nth, life);
    }
  }

  /** Nothing is put any more; returns once what is there has been taken away. */
  async end(): Promise<void> {
    this.#waiting.clear();
    this.#end.abort();
    await Promise.all(this.#underWay.values());
  }

  async #live(nth: number, record: Mutable<FaultRecord>): Promise<void> {
    const { stage, strategy, random, say, faultOfKind } = this.around;
    await this.#sleep(record.moment.plusMs);
    if (this.#end.signal.aborted) return;
    const scene = { stage, strategy, random: random.fork(`fault ${nth}`), say };
    let injected: InjectedFault;
    try {
      record.hit = this.#where();
      injected = await faultOfKind(record.kind).inject(scene);
    } catch (cause) {
      record.error = `could not be put: ${String(cause)}`;
      return;
    }
    record.target = injected.target;
    this.injected.push(injected);
    if (injected.binds !== undefined) record.binds = injected.binds;
    say(`fault ${record.kind}${injected.target === null ? '' : ` hits ${injected.target}`} in ${record.hit.phase}`);
    if (record.lastsMs !== null) await this.#sleep(record.lastsMs);
    try {
      await injected.heal();
      record.healedAt = Date.now();
      say(`fault ${record.kind} is over`);
    } catch (cause) {
      record.error = `could not be taken away: ${String(cause)}`;
    }
  }

  #where(): NonNullable<FaultRecord['hit']> {
    const { phase = 'unknown', state = 'unknown', window = null } = this.#latest ?? {};
    return { at: Date.now(), phase, state, inWindow: phase === 'cut-over' && (window?.openedAt ?? null) !== null };
  }

  /** Ends early with the run. */
  async #sleep(ms: number): Promise<void> {
    if (this.#end.signal.aborted || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const { signal } = this.#end;
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}
