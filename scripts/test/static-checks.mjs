import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * Types are checked by the build; here lint and format, side by side, each counted as one test.
 *
 * ESLint keeps no cache: its rules look at types, so an edit in one file can make another one wrong. Prettier looks at
 * one file alone.
 */
export async function checkTypesAndLint(root) {
  const checks = [
    ['eslint', [join(root, 'node_modules/eslint/bin/eslint.js'), '.']],
    [
      'prettier',
      [
        join(root, 'node_modules/prettier/bin/prettier.cjs'),
        ...['--check', '--log-level', 'warn'],
        ...['--cache', '--cache-strategy', 'content'],
        '.',
      ],
    ],
  ];
  const failures = (await Promise.all(checks.map(([name, args]) => check(root, name, args)))).flat();
  return { passed: checks.length - failures.length, failed: failures.length, failures };
}

/** Prints what the tool said in one piece once it has ended. Empty = nothing to complain of. */
function check(root, name, args) {
  const begin = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    child.stdout.on('data', (chunk) => said.push(chunk));
    child.stderr.on('data', (chunk) => said.push(chunk));
    child.once('close', (status) => {
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      const text = Buffer.concat(said).toString('utf8');
      process.stdout.write(text);
      process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
      resolve(status === 0 ? [] : [{ where: name, text }]);
    });
  });
}
