import type { Evidence, Span, ZnodeRecord } from './evidence.js';
import type { LeadingInterval } from './leading-intervals.js';
import type { Life } from './lives.js';

export interface WrongLeader {
  /** Longest stretch in which one server of target named the wrong process, in ms; 0 = never. */
  readonly wrongLeaderMs: number;
  /** A sentence per stretch. */
  readonly who: readonly string[];
}

interface Given {
  readonly evidence: Evidence;
  readonly intervals: readonly LeadingInterval[];
  readonly lives: ReadonlyMap<string, Life>;
  /** From the first publication on: before it, and with another strategy, what stands in target is no mirror. */
  readonly span: Span | null;
  /** How long target may still name whom source named. */
  readonly toleranceMs: number;
}

/** Source's word on who leads, by one server: `sure` is proved by reads, `possible` is not excluded by any. */
interface Naming {
  readonly id: string;
  readonly sure: Span;
  readonly possible: Span;
}

/**
 * S19: target never names a live master other than source's leader, since agents and schedulers follow whom it names.
 *
 * A read of target is wrong when the process it names lived through the whole read, no server of source can have
 * named it from `toleranceMs` before the read on, and source surely named another process, which led. What is dead
 * is a ghost and leads nobody (S7); after the window source names nobody, or somebody dead.
 */
export function wrongLeader({ evidence, intervals, lives, span, toleranceMs }: Given): WrongLeader {
  if (span === null) return { wrongLeaderMs: 0, who: [] };
  const namings = [...evidence.znodes.values()].filter(([first]) => first?.ensemble === 'source').flatMap(namingsBy);
  const rightOne = ({ leader, begin, end }: ZnodeRecord): LeadingInterval | undefined => {
    const life = leader === null ? undefined : lives.get(leader.id);
    if (!leader || !life || life.from > begin || life.to <= end) return undefined;
    const around = { from: begin - toleranceMs, to: end };
    if (namings.some(({ id, possible }) => id === leader.id && overlap(possible, around))) return undefined;
    const others = new Set(namings.filter(({ sure }) => overlap(sure, { from: begin, to: end })).map(({ id }) => id));
    return intervals.find(({ id, from, to }) => id !== leader.id && others.has(id) && from <= begin && end <= to);
  };
  let longest = 0;
  const who: string[] = [];
  for (const [server, records] of evidence.znodes) {
    if (records[0]?.ensemble !== 'target') continue;
    let current: { readonly id: string; readonly from: number; to: number; readonly right: LeadingInterval } | null =
      null;
    const close = (): void => {
      if (!current) return;
      const { id, from, to, right } = current;
      longest = Math.max(longest, to - from);
      who.push(
        `${server} of target named ${nameOf(lives.get(id))} as leader for ${(to - from).toFixed(1)} ms, ` +
          `while source named ${right.master}, pid ${right.pid}, which led`,
      );
      current = null;
    };
    for (const record of records) {
      if (record.begin < span.from || record.end > span.to) continue;
      const right = rightOne(record);
      if (!right || record.leader?.id !== current?.id) close();
      if (right && record.leader) {
        current ??= { id: record.leader.id, from: record.begin, to: record.end, right };
        current.to = record.end;
      }
    }
    close();
  }
  return { wrongLeaderMs: Math.round(longest * 10) / 10, who };
}

/** A read tells the truth of one unknown instant, so a naming may reach from the read before it to the read after it. */
function namingsBy(records: readonly ZnodeRecord[]): Naming[] {
  const namings: Naming[] = [];
  const told = records.filter(({ connected }) => connected);
  for (let first = 0, next = 0; first < told.length; first = next) {
    const id = told[first]?.leader?.id;
    while (next < told.length && told[next]?.leader?.id === id) next += 1;
    if (id === undefined) continue;
    namings.push({
      id,
      sure: { from: told[first]?.end ?? 0, to: told[next - 1]?.begin ?? 0 },
      possible: { from: told[first - 1]?.begin ?? -Infinity, to: told[next]?.end ?? Infinity },
    });
  }
  return namings;
}

function overlap(a: Span, b: Span): boolean {
  return a.from <= b.to && b.from <= a.to && a.from <= a.to;
}

function nameOf(life: Life | undefined): string {
  return life ? `${life.master}, pid ${life.pid},` : 'an unknown process';
}
