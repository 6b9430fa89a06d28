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
  for (const { place, field } of placesIn(raw)) {
    const file = fileOf(field, place[field]);
    if (file === null) continue;
    const absolute = file.startsWith('~/') ? join(homedir(), file.slice(2)) : resolve(folder, file);
    place[field] = field === 'knownHosts' ? absolute : `file:${absolute}`;
  }
}

/** References whose path is not absolute; used where no folder is known to resolve them against. */
export function relativePathProblems(raw: Partly<RawConfig>): Problem[] {
  return placesIn(raw).flatMap(({ path, place, field }) => {
    const file = fileOf(field, place[field]);
    return file === null || isAbsolute(file) ? [] : [{ path, message: 'must name an absolute path' }];
  });
}

interface Place {
  readonly path: Problem['path'];
  readonly place: Record<string, unknown>;
  readonly field: string;
}

function placesIn(raw: Partly<RawConfig>): Place[] {
  const fixed = PLACES.flatMap(([section, field]): Place[] => {
    const place = raw[section] as Record<string, unknown> | undefined;
    return place === undefined ? [] : [{ path: [section, field], place, field }];
  });
  const hooks = (raw.policy?.hooks ?? []).flatMap((hook, index): Place[] => {
    if (hook === undefined) return [];
    const at: Problem['path'] = ['policy', 'hooks', index];
    const headers = (hook.headers ?? {}) as Record<string, unknown>;
    return [
      { path: [...at, 'webhook'], place: hook, field: 'webhook' },
      ...Object.keys(headers).map((name) => ({ path: [...at, 'headers', name], place: headers, field: name })),
    ];
  });
  return [...fixed, ...hooks];
}

function fileOf(field: string, value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  if (value.startsWith('file:')) return value.slice('file:'.length);
  return field === 'knownHosts' ? value : null;
}
