import { contendersOf, nextSequence } from '../election.js';

/** How far above source's numbers the create counter of target's election path is raised. */
const RAISE_MARGIN = 1_000;
/** How far it must be above them at least whenever a mirror is created; a restarted master takes one number. */
const LEAST_MARGIN = 100;

/** The highest number that source has handed out, or a contender in it bears; −1 for none. */
export function highestNumber(
  children: readonly string[],
  parent: { readonly cversion: number; readonly numChildren: number },
): number {
  return Math.max(nextSequence(parent) - 1, ...contendersOf(children).map(({ number }) => number));
}

/** Whether mirrors up to `highest` sort before every native znode to come (Z 8). */
export function isFarEnough(counter: number, highest: number): boolean {
  return counter > highest + LEAST_MARGIN;
}

/** The next number that target should hand out. */
export function raisedCounter(highest: number): number {
  return highest + 1 + RAISE_MARGIN;
}
