import type { ClusterConfig } from '../domain/config.js';
import { normalise } from './normalise.js';
import type { Problem } from './problem.js';
import { prune, type Partly } from './prune.js';
import { relativePathProblems, resolveReferencePaths } from './reference-paths.js';
import { ruleProblems } from './rules.js';
import type { RawConfig } from './schema.js';
import { shapeProblems } from './shape.js';

export type CheckedConfig =
  | {
      readonly ok: true;
      readonly config: ClusterConfig;
      /** As written, but with absolute paths: the workflow's input. */
      readonly raw: RawConfig;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Checks a config and fills its defaults in; all problems at once.
 * @param folder where relative paths start; null where they are not allowed.
 */
export function checkConfig(value: unknown, folder: string | null): CheckedConfig {
  const shape = shapeProblems(value);
  const sound = prune(value, shape) as Partly<RawConfig>;
  if (folder !== null) resolveReferencePaths(sound, folder);
  const problems = [...shape, ...ruleProblems(sound), ...(folder === null ? relativePathProblems(sound) : [])];
  if (problems.length > 0) return { ok: false, problems };
  const raw = sound as RawConfig;
  return { ok: true, config: normalise(raw), raw };
}
