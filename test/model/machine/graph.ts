import type { Choice } from './choices.js';
import type { Violation } from './explorer.js';

/** How a state was reached: the choices from the first on, newest first. */
export interface Step {
  readonly parent: Step | null;
  readonly choice: Choice;
  /** Number of the state where it was chosen; only the first of a state's choices is the ordinary one. */
  readonly from: number;
  readonly isOrdinary: boolean;
}

/** A state as a number, or how the migration ended. */
type Where = number | string;

export interface State {
  readonly offers: string;
  /** One way here. */
  readonly way: Step | null;
  /** Where the ordinary leads. */
  next: Where | null;
  /** Where a rollback leads, and a cancellation. */
  readonly back: { readonly said: string; readonly to: Where }[];
}

export function pathOf(way: Step | null): string[] {
  const path: string[] = [];
  for (let at = way; at; at = at.parent) path.push(at.choice.name);
  return path.reverse();
}

/** Stands for a broken invariant, which is told already. */
export const BROKEN = 'violation';
const ENDS = new Set([BROKEN, 'migrated', 'rolled-back', 'stranded', 'cancelled', 'failed']);
/** Ordered too late, a cancellation changes nothing; a rollback is then refused. */
const BACK: Readonly<Record<string, ReadonlySet<string>>> = {
  rollback: new Set([BROKEN, 'rolled-back']),
  'cancel the workflow': new Set([BROKEN, 'rolled-back', 'cancelled', 'failed', 'migrated']),
};

/** Follows the ordinary from every state: to an end, never round in a circle; after a rollback, to source. */
export function judgeGraph(states: readonly State[], violate: (violation: Violation) => void): void {
  const ends = new Map<number, string>();
  const endOf = (from: Where | null): string => {
    const seen = new Set<number>();
    let at = from;
    while (typeof at === 'number' && !ends.has(at) && !seen.has(at)) {
      seen.add(at);
      at = states[at]?.next ?? null;
    }
    const end = typeof at === 'number' ? (ends.get(at) ?? 'a circle') : (at ?? 'nowhere');
    for (const one of seen) ends.set(one, end);
    return end;
  };
  states.forEach(({ offers, way, back }, number) => {
    const end = endOf(number);
    if (!ENDS.has(end)) {
      violate({ invariant: 'wayForward', seen: `the ordinary leads to ${end} from\n${offers}`, path: pathOf(way) });
    }
    for (const { said, to } of back) {
      const behind = endOf(to);
      if (BACK[said]?.has(behind) === true) continue;
      violate({ invariant: 'wayBack', seen: `${said} leads to ${behind} from\n${offers}`, path: pathOf(way) });
    }
  });
}
