import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../../lab/repository-root.js';

/** A program of the native stack, as `scripts/stack/process.mjs` runs it. */
export interface StackProgram {
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

interface StackScripts {
  readonly postgresFolder: () => string;
  readonly startPostgres: (dir: string, port: number) => Promise<{ process: StackProgram; password: string }>;
  readonly freePorts: (count: number) => Promise<number[]>;
}

/** What `npm run stack` is made of. */
export async function stackScripts(): Promise<StackScripts> {
  const folder = join(repositoryRoot(), 'scripts', 'stack');
  const modules = await Promise.all(
    ['programs', 'postgres', 'process'].map(
      (name) => import(pathToFileURL(join(folder, `${name}.mjs`)).href) as Promise<Partial<StackScripts>>,
    ),
  );
  return Object.assign({}, ...modules) as StackScripts;
}

/** Skips a suite, in its `before`, where the distribution's PostgreSQL is not there; its tests then name the package. */
export async function skipWithoutPostgres(suite: Mocha.Context): Promise<void> {
  const { postgresFolder } = await stackScripts();
  try {
    postgresFolder();
  } catch {
    suite.currentTest?.parent?.tests.forEach(
      (test) => (test.title += ' (skipped: package postgresql is not installed)'),
    );
    suite.skip();
  }
}
