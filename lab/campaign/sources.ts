import { execFileSync } from 'node:child_process';
import { repositoryRoot } from '../repository-root.js';

const RECORDS = [':!test/long/*record*', ':!docs'];

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repositoryRoot(), encoding: 'utf8' }).trim();
}

/** The commit that is checked out, with `-dirty` when the sources differ from it; records and docs are no sources. */
export function commitOfSources(): string {
  const changed = git('status', '--porcelain', '--', '.', ...RECORDS) !== '';
  return `${git('rev-parse', 'HEAD')}${changed ? '-dirty' : ''}`;
}

/** Whether two commits hold the same sources; never for dirty ones. */
export function sameSources(one: string, other: string): boolean {
  if (one.endsWith('-dirty') || other.endsWith('-dirty')) return false;
  if (one === other) return true;
  try {
    return git('diff', '--name-only', one, other, '--', '.', ...RECORDS) === '';
  } catch {
    return false;
  }
}
