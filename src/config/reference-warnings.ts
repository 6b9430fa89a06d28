import { stat } from 'node:fs/promises';
import type { ClusterConfig } from '../domain/config.js';

/**
 * References that look wrong from here. Only warnings: the worker that resolves them may run
 * elsewhere, with other files and another environment.
 */
export async function referenceWarnings(
  config: ClusterConfig,
): Promise<readonly { readonly path: string; readonly message: string }[]> {
  const { ssh, credentials, policy } = config;
  const secrets: readonly (readonly [path: string, reference: string | null])[] = [
    ['ssh.identity', ssh.identity],
    ['ssh.passphrase', ssh.passphrase],
    ['credentials.source', credentials.source],
    ['credentials.target', credentials.target],
    ['credentials.mesos', credentials.mesos],
    ['credentials.publisher', credentials.publisher],
    ...(policy.hooks ?? []).flatMap(({ run }, index) =>
      run.kind === 'command'
        ? []
        : [
            [`policy.hooks[${String(index)}].webhook`, run.url] as const,
            ...Object.entries(run.headers).map(
              ([name, value]) => [`policy.hooks[${String(index)}].headers.${name}`, value] as const,
            ),
          ],
    ),
  ];
  const found = await Promise.all([
    ...secrets.map(async ([path, reference]) => ({
      path,
      message: reference === null ? null : await doubt(reference),
    })),
    fileDoubt(ssh.knownHosts, false).then((message) => ({ path: 'ssh.knownHosts', message })),
  ]);
  return found.flatMap(({ path, message }) => (message === null ? [] : [{ path, message }]));
}

async function doubt(reference: string): Promise<string | null> {
  if (reference.startsWith('file:')) return fileDoubt(reference.slice('file:'.length), true);
  if (!reference.startsWith('env:')) return null;
  const name = reference.slice('env:'.length);
  return process.env[name] === undefined ? `${name} is not set here; the worker needs it` : null;
}

async function fileDoubt(path: string, isSecret: boolean): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return `${path} cannot be found from here; the worker needs it`;
  if (!found.isFile()) return `${path} is not a file`;
  if (isSecret && (found.mode & 0o077) !== 0) return `${path} is open to other users; chmod 600 it`;
  return null;
}
