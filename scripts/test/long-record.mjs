import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Remembers which long tests passed at which commit, so that an interrupted run goes on where it stopped. */
export function longRecord(root) {
  const file = join(root, 'test/long/record.json');
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', '.', ':!test/long/record.json') !== '';
  const commit = changed ? null : git('rev-parse', 'HEAD');
  let record = {};
  try {
    record = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The first run has none.
  }
  return {
    hasPassed(name) {
      // Committing the record itself makes a new commit that changes nothing else.
      const { commit: at, failed } = record[name] ?? {};
      if (commit === null || failed !== 0 || !at) return false;
      return at === commit || sameSources(git, at);
    },
    add(names, result) {
      for (const name of names) record[name] = { commit, finishedAt: new Date().toISOString(), ...result };
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
    },
  };
}

function sameSources(git, at) {
  try {
    return git('diff', '--name-only', at, 'HEAD', '--', '.', ':!test/long/record.json') === '';
  } catch {
    return false;
  }
}
