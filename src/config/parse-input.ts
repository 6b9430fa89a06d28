import type { ClusterConfig } from '../domain/config.js';
import { checkConfig } from './check.js';
import { pathText } from './problem.js';

export type InputVerdict =
  | { readonly ok: true; readonly config: ClusterConfig }
  | { readonly ok: false; readonly errors: readonly { readonly path: string; readonly message: string }[] };

/** Checks the workflow's one argument, the JSON that `zkferry input` prints; every error with its path. */
export function parseInput(input: unknown): InputVerdict {
  const checked = checkConfig(input, null);
  if (checked.ok) return { ok: true, config: checked.config };
  return {
    ok: false,
    errors: checked.problems.map(({ path, message, suggestion }) => ({
      path: pathText(path),
      message: suggestion === undefined ? message : `${message}; ${suggestion}`,
    })),
  };
}
