import type { Evidence, Span, ZnodeRecord } from './evidence.js';
import { allMastersEndedAt, type Life } from './lives.js';
import { staysIn, type Stays } from './stays.js';

/** What the watchers saw of dual publishing. */
export interface Publishing {
  readonly source: Stays;
  readonly target: Stays;
  /** Stretches in which target's contenders were source's mirrors; none when nothing was ever published. */
  readonly stretches: readonly Span[];
}

/**
 * Finds the stretches in which source's election was published in target: each from the first instant at which both
 * sides showed the same contenders and the same living leader, to the stop of all masters or to the first contender
 * in target that never stood in source, whichever came first.
 *
 * With strategy `observers` there are none: target's own election hands out numbers of its own to new contenders,
 * and what source shows after its window are ghosts.
 */
export function publishing(evidence: Evidence, lives: ReadonlyMap<string, Life>): Publishing {
  const source = staysIn(evidence, 'source');
  const target = staysIn(evidence, 'target');
  const natives = [...target]
    .filter(([name]) => !source.has(name))
    .flatMap(([, stays]) => stays.map(({ from }) => from));
  const ends = [...allMastersEndedAt(lives), ...natives].sort((a, b) => a - b);
  return { source, target, stretches: stretchesOf(evidence, lives, ends) };
}

function stretchesOf(evidence: Evidence, lives: ReadonlyMap<string, Life>, ends: readonly number[]): Span[] {
  const views = [...evidence.znodes.values()]
    .flat()
    .filter(({ ensemble, connected }) => connected && ensemble !== 'observers')
    .sort((a, b) => a.end - b.end);
  const latest: Partial<Record<ZnodeRecord['ensemble'], ZnodeRecord>> = {};
  const stretches: Span[] = [];
  let from: number | null = null;
  let at = 0;
  for (const view of views) {
    for (let end = ends[at]; end !== undefined && end <= view.end; end = ends[(at += 1)]) {
      if (from !== null) stretches.push({ from, to: end });
      from = null;
    }
    latest[view.ensemble] = view;
    if (from === null && agree(latest.source, latest.target, lives)) from = view.end;
  }
  const last = views.at(-1);
  if (from !== null && last) stretches.push({ from, to: last.end });
  return stretches;
}

/** Two reads at different instants: what neither saw change meanwhile is the same. */
function agree(
  source: ZnodeRecord | undefined,
  target: ZnodeRecord | undefined,
  lives: ReadonlyMap<string, Life>,
): boolean {
  const id = source?.leader?.id;
  if (!source || !target || id === undefined || id !== target.leader?.id) return false;
  const life = lives.get(id);
  // The mirrors of dead masters agree, too, until they are taken away.
  if (!life || life.to <= Math.max(source.end, target.end)) return false;
  const { contenders } = source;
  return (
    contenders.length === target.contenders.length && contenders.every((name, nth) => name === target.contenders[nth])
  );
}
