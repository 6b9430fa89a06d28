import type { Evidence, Span, ZnodeRecord } from './evidence.js';

/** Contender's name → its stays in an ensemble, one after the other; ±Infinity where no sample saw the begin or the end. */
export type Stays = ReadonlyMap<string, readonly Span[]>;

/**
 * When contenders came and went in an ensemble: the end of the first read that showed it, through whichever server.
 *
 * A server may lag behind the others. So the first stay of a name at one server is the first stay at every server,
 * and so on: a laggard that still shows a name does not make it come back.
 */
export function staysIn(evidence: Evidence, ensemble: ZnodeRecord['ensemble']): Stays {
  const stays = new Map<string, { from: number; to: number }[]>();
  for (const records of evidence.znodes.values()) {
    if (records[0]?.ensemble !== ensemble) continue;
    for (const [name, own] of staysAt(records)) {
      const known = stays.get(name) ?? [];
      stays.set(name, known);
      own.forEach(({ from, to }, nth) => {
        const same = known[nth];
        known[nth] = same ? { from: Math.min(same.from, from), to: Math.min(same.to, to) } : { from, to };
      });
    }
  }
  return stays;
}

function staysAt(records: readonly ZnodeRecord[]): Map<string, { from: number; to: number }[]> {
  const stays = new Map<string, { from: number; to: number }[]>();
  let before: readonly string[] | null = null;
  for (const { connected, contenders, end } of records) {
    if (!connected) continue;
    for (const name of contenders) {
      if (before?.includes(name)) continue;
      const own = stays.get(name) ?? [];
      stays.set(name, own);
      own.push({ from: before === null ? -Infinity : end, to: Infinity });
    }
    for (const name of before ?? []) {
      const last = stays.get(name)?.at(-1);
      if (last && !contenders.includes(name)) last.to = end;
    }
    before = contenders;
  }
  return stays;
}
