import type { DecisionAction, GateName, MigrationStatus } from '../../src/domain/status.js';
import { type GivenApproval, isRefusal, type Migration } from '../stage/migration.js';
import { waitsAt } from './moment.js';
import type { Temper } from './scenario.js';

/** Undoing is retried this often before the person leaves the migration waiting. */
const RETRIES_OF_THE_WAY_BACK = 4;

/** What the person of a run did, to be compared with what the migration says was done. */
export interface Acts {
  readonly approvals: readonly GivenApproval[];
  readonly decisions: readonly { readonly incident: string; readonly action: DecisionAction }[];
}

/** The person at the desk: approves what is asked, decides once what was broken is mended, and gives up in the end. */
export class Operator {
  readonly acts = {
    approvals: [] as GivenApproval[],
    decisions: [] as { incident: string; action: DecisionAction }[],
  };
  /** Retries so far, by phase. */
  readonly #retries = new Map<string, number>();
  /** True once nothing is left to decide: the migration is left waiting. */
  gaveUp = false;

  constructor(
    private migration: Migration,
    private readonly temper: Temper,
    private readonly name = 'ann',
  ) {}

  /** Sits down at another migration of the same cluster. */
  turnTo(migration: Migration): void {
    this.migration = migration;
  }

  /** Answers what the migration asks now, if it asks. `mended` = no fault is there. */
  async act(status: MigrationStatus, mended: boolean): Promise<void> {
    const gate = waitsAt(status);
    if (gate !== null) await this.#approve(gate, status.planHash ?? '');
    else if (status.state === 'awaiting-decision' && mended) await this.#decide(status);
  }

  async #approve(gate: GateName, planHash: string): Promise<void> {
    const message = { gate, by: this.name, planHash };
    const given = { ...message, at: Date.now() };
    const { approvals } = this.acts;
    approvals.push(given);
    try {
      await this.migration.say('approve', message);
    } catch (cause) {
      if (isRefusal(cause)) approvals.splice(approvals.indexOf(given), 1);
      throw cause;
    }
  }

  async #decide({ waitingFor, phase }: MigrationStatus): Promise<void> {
    const asked = [...(waitingFor?.next ?? '').matchAll(/--incident (\S+) --action (\S+)/g)];
    const incident = asked[0]?.[1];
    if (incident === undefined) return;
    const action = this.#choice(
      phase,
      asked.map(([, , offered]) => offered as DecisionAction),
    );
    if (action === null) {
      this.gaveUp = true;
      return;
    }
    this.acts.decisions.push({ incident, action });
    await this.migration.say('decide', { incident, action, by: this.name, note: 'decided by the campaign' });
  }

  #choice(phase: string, offered: readonly DecisionAction[]): DecisionAction | null {
    const tried = this.#retries.get(phase) ?? 0;
    const { retries, gives } = this.temper;
    // On the way back `skip` means stranded: a person who can still mend it never takes it.
    const goesBack = !offered.includes('rollback');
    if (tried < (goesBack ? RETRIES_OF_THE_WAY_BACK : retries) && offered.includes('retry')) {
      this.#retries.set(phase, tried + 1);
      return 'retry';
    }
    if (goesBack) return null;
    return offered.includes(gives) ? gives : 'rollback';
  }
}
