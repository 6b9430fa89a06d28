import type { Problem } from './problem.js';

/** A value all of whose parts may be missing, list entries included. */
export type Partly<T> = T extends readonly (infer Item)[]
  ? readonly (Partly<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partly<T[Key]> | undefined }
    : T;

/**
 * A copy without the parts that have problems, so that rules between the other parts can still be
 * checked and a person sees everything at once. Entries of lists keep their index.
 */
export function prune(value: unknown, problems: readonly Problem[]): unknown {
  const copy: unknown = structuredClone(value);
  let isSound = typeof copy === 'object' && copy !== null && !Array.isArray(copy);
  for (const { path } of problems) {
    const last = path.at(-1);
    if (last === undefined) {
      isSound = false;
      continue;
    }
    const parent = path.slice(0, -1).reduce<unknown>((at, part) => (at as Node | undefined)?.[part], copy);
    if (typeof parent === 'object' && parent !== null) (parent as Node)[last] = undefined;
  }
  return isSound ? copy : {};
}

type Node = Record<string | number, unknown>;
