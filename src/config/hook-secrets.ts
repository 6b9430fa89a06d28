import { isAbsolute, normalize } from 'node:path';
import type { ClusterConfig } from '../domain/config.js';
import { HookSecretError } from '../domain/hook-errors.js';
import type { InputVerdict } from './parse-input.js';
import { pathText } from './problem.js';

/** The form that references are compared in; null when it is none that a worker can follow. */
export function hookSecret(reference: string): string | null {
  if (/^env:[A-Za-z_]\w*$/.test(reference)) return reference;
  const path = reference.startsWith('file:') ? reference.slice('file:'.length) : '';
  return isAbsolute(path) ? `file:${normalize(path)}` : null;
}

/** Refuses a config whose webhooks name secrets that this worker gives to none: better now than at the window. */
export function onlyAllowedSecrets(verdict: InputVerdict, allowed: ReadonlySet<string>): InputVerdict {
  if (!verdict.ok) return verdict;
  const errors = namedSecrets(verdict.config).flatMap(({ path, reference }) => {
    if (allowed.has(hookSecret(reference) ?? '')) return [];
    const { message, remedy } = new HookSecretError(reference);
    return [{ path: pathText(path), message: `${message}; ${remedy}` }];
  });
  return errors.length === 0 ? verdict : { ok: false, errors };
}

function namedSecrets({ policy }: ClusterConfig): { path: readonly (string | number)[]; reference: string }[] {
  return (policy.hooks ?? []).flatMap(({ run }, index) => {
    if (run.kind === 'command') return [];
    const at = ['policy', 'hooks', index];
    return [
      ...(/^https?:/.test(run.url) ? [] : [{ path: [...at, 'webhook'], reference: run.url }]),
      ...Object.entries(run.headers).map(([name, reference]) => ({ path: [...at, 'headers', name], reference })),
    ];
  });
}
