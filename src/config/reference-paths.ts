import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Problem } from './problem.js';
import type { Partly } from './prune.js';
import type { RawConfig } from './schema.js';

/** Fields that name a file where the config is read or the worker runs, rather than on a host. */
const PLACES = [
  ['ssh', 'identity'],
  ['ssh', 'passphrase'],
  ['ssh', 'knownHosts'],
  ['credentials', 'source'],
  ['credentials', 'target'],
  ['credentials', 'mesos'],
  ['credentials', 'publisher'],
] as const;

/**
 * Makes the paths of references absolute, in place: relative ones start at `folder`, `~/` is the home
 * folder, so that the result works from any folder.
 */
export function resolveReferencePaths(raw: Partly<RawConfig>, folder: string): void {
  for (const [section, field] of PLACES) {
    const place = raw[section] as Record<string, unknown> | undefined;
    const file = fileOf(field, place?.[field]);
    if (place === undefined || file === null) continue;
    const absolute = file.startsWith('~/') ? join(homedir(), file.slice(2)) : resolve(folder, file);
    place[field] = field === 'knownHosts' ? absolute : `file:${absolute}`;
  }
}

/** References whose path is not absolute; used where no folder is known to resolve them against. */
export function relativePathProblems(raw: Partly<RawConfig>): Problem[] {
  return PLACES.flatMap(([section, field]) => {
    const file = fileOf(field, (raw[section] as Record<string, unknown> | undefined)?.[field]);
    return file === null || isAbsolute(file) ? [] : [{ path: [section, field], message: 'must name an absolute path' }];
  });
}

function fileOf(field: string, value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  if (value.startsWith('file:')) return value.slice('file:'.length);
  return field === 'knownHosts' ? value : null;
}
