import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Types are checked by the build; here lint and format, each counted as one test. */
export async function checkTypesAndLint(root) {
  const checks = [
    ['eslint', [join(root, 'node_modules/eslint/bin/eslint.js'), '--cache', '--cache-location', '.cache/eslint/', '.']],
    ['prettier', [join(root, 'node_modules/prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ];
  const totals = { passed: 0, failed: 0 };
  for (const [name, args] of checks) {
    const begin = performance.now();
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
    totals[status === 0 ? 'passed' : 'failed'] += 1;
  }
  return totals;
}
