import type { GateName } from '../../src/domain/status.js';
import { type GivenApproval, isRefusal } from '../stage/migration.js';
import type { Fault, InjectedFault } from './fault.js';

/** Nothing to take away: a message that came cannot be unsaid. */
const said: InjectedFault = { target: null, declares: {}, heal: () => Promise.resolve() };

/** The way back is ordered; whether that was accepted decides how the migration may end. */
export const rollbackOrdered: Fault = {
  kind: 'rollback-ordered',
  lastsMs: null,
  async inject({ stage, say }) {
    try {
      await stage.migration().say('rollback', { by: 'bob', reason: 'the campaign wants it so' });
      return { ...said, binds: 'rolled-back' };
    } catch (refusal) {
      say(`rollback was refused: ${reasonOf(refusal)}`);
      return said;
    }
  },
};

/** `temporal workflow cancel`: goes back like `rollback`, as long as there is a way back. */
export const cancelled: Fault = {
  kind: 'cancelled',
  lastsMs: null,
  async inject({ stage }) {
    const migration = stage.migration();
    const { rollback } = await migration.status();
    await migration.handle.cancel();
    return rollback.possible ? { ...said, binds: 'rolled-back' } : said;
  },
};

/** Somebody pauses, and resumes a while later. */
export const paused: Fault = {
  kind: 'paused',
  lastsMs: [500, 8_000],
  async inject({ stage, say }) {
    const tell = (name: string) =>
      stage
        .migration()
        .say(name, { by: 'bob' })
        .then(
          () => undefined,
          (refusal: unknown) => say(`${name} was refused: ${reasonOf(refusal)}`),
        );
    await tell('pause');
    return { ...said, heal: () => tell('resume') };
  },
};

/**
 * Two people approve the same gate at the same instant, and one of them once more for whatever waits then. One
 * approval opens one gate: the judge counts them.
 */
export const approvedTwice: Fault = {
  kind: 'approved-twice',
  lastsMs: null,
  async inject({ stage, say }) {
    const migration = stage.migration();
    const { planHash, waitingFor, phase } = await migration.status();
    const gate = (/gate (begin|cut-over|complete) /.exec(waitingFor?.what ?? '')?.[1] ?? 'cut-over') as GateName;
    const approvals: GivenApproval[] = [];
    const approve = async (by: string) => {
      const message = { gate, by, planHash: planHash ?? '' };
      const given = { ...message, at: Date.now() };
      try {
        await migration.say('approve', message);
        approvals.push(given);
        return true;
      } catch (cause) {
        say(`an approval of ${gate} was refused: ${reasonOf(cause)}`);
        if (!isRefusal(cause)) approvals.push(given);
        return false;
      }
    };
    const accepted = (await Promise.all([approve('bob'), approve('cid')])).filter(Boolean).length;
    if (accepted > 1) throw new Error(`${accepted} approvals of gate ${gate} were accepted in ${phase}`);
    return { ...said, approvals };
  },
};

/** `temporal workflow terminate`: runs no code, so nothing is undone. */
export const terminated: Fault = {
  kind: 'terminated',
  lastsMs: null,
  async inject({ stage }) {
    await stage.migration().handle.terminate('the campaign wants it so');
    return said;
  },
};

function reasonOf(refusal: unknown): string {
  const cause = refusal instanceof Error && refusal.cause instanceof Error ? refusal.cause : refusal;
  return cause instanceof Error ? cause.message : String(cause);
}
