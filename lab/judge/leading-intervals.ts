import type { MasterJournalRecord } from '../contract.js';
import type { Evidence, Span } from './evidence.js';
import { masterByPid } from './master-by-pid.js';

/** One process's time as leading master, as the journals tell it. */
export interface LeadingInterval extends Span {
  readonly master: string;
  readonly pid: number;
  /** MasterInfo id. */
  readonly id: string;
  /** `open`: still leading at the end of the records. `unknown`: it ended, but nobody wrote down when. */
  readonly ended: 'conceded' | 'exited' | 'open' | 'unknown';
}

/**
 * Leading intervals from the masters' own journals: from `elected` to `conceded` or `exiting`, or to
 * the exit the supervisor saw, whichever came first. A SIGTERM or SIGKILL ends a master without a word
 * of its own, so there the supervisor's record is the end.
 *
 * A process whose end nobody recorded, although its master was started again, gets the last instant at
 * which it was still seen to claim; the judge must not call that proved.
 *
 * @param endOfRecords monotonic ms at which open intervals are cut.
 */
export function leadingIntervals(evidence: Evidence, endOfRecords: number): LeadingInterval[] {
  const intervals: LeadingInterval[] = [];
  const masters = masterByPid(evidence);
  for (const elected of evidence.masters) {
    if (elected.event !== 'elected') continue;
    const isOpen = intervals.some(
      (known) => known.pid === elected.pid && known.id === elected.id && known.to > elected.mono,
    );
    if (isOpen) continue;
    const { pid, id, mono: from } = elected;
    const master = masters.get(pid) ?? elected.name;
    intervals.push({ master, pid, id, from, ...endOf(evidence, elected, master, endOfRecords) });
  }
  return intervals;
}

function endOf(
  evidence: Evidence,
  elected: MasterJournalRecord,
  master: string,
  endOfRecords: number,
): Pick<LeadingInterval, 'to' | 'ended'> {
  const own = evidence.masters.find(
    (record) =>
      record.pid === elected.pid &&
      record.id === elected.id &&
      record.mono >= elected.mono &&
      (record.event === 'conceded' || record.event === 'exiting'),
  );
  const exit = evidence.supervisor.find(
    (record) => record.event === 'exit' && record.pid === elected.pid && record.mono >= elected.mono,
  );
  if (own && (!exit || own.mono <= exit.mono)) {
    return { to: own.mono, ended: own.event === 'conceded' ? 'conceded' : 'exited' };
  }
  if (exit) return { to: exit.mono, ended: 'exited' };
  const successor = evidence.masters.find(
    (record) =>
      record.name === elected.name &&
      record.id !== elected.id &&
      record.event === 'started' &&
      record.mono > elected.mono,
  );
  if (!successor) return { to: Math.max(endOfRecords, elected.mono), ended: 'open' };
  const lastClaim = (evidence.claims.get(master) ?? []).findLast(
    (claim) => claim.elected === true && claim.process === elected.pid && claim.begin <= successor.mono,
  );
  return { to: Math.max(elected.mono, lastClaim?.begin ?? elected.mono), ended: 'unknown' };
}
