import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let runs = 0;

/**
 * Runs test files in one mocha process and counts what came of them. A process that dies, hangs or
 * ends without its totals counts as one failure more: the ZooKeeper client is native code and can crash.
 *
 * @returns {Promise<{passed: number, failed: number, skipped: number, failures: {where: string, text: string}[]}>}
 */
export function runMocha({ root, tier, files, scratch, patienceMs = 15 * 60_000 }) {
  const label = files.length === 1 ? files[0].replace(/^dist\/test\//, '').replace(/\.test\.js$/, '') : tier;
  // Short, because paths of Unix sockets below it may not exceed 107 bytes.
  const temporary = join(scratch, String((runs += 1)));
  mkdirSync(temporary, { recursive: true });
  const totalsFile = join(temporary, 'totals.json');
  const failuresFile = join(temporary, 'failures.json');
  const begin = performance.now();
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        join(root, 'node_modules/mocha/bin/mocha.js'),
        ...['--reporter', join(root, 'scripts/test/reporter.cjs')],
        ...['--exit', '--forbid-only'],
        ...files,
      ],
      {
        cwd: root,
        env: {
          ...process.env,
          TMPDIR: temporary,
          ZKFERRY_TEST_RUN: scratch,
          ZKFERRY_TEST_TOTALS: totalsFile,
          ZKFERRY_TEST_FAILURES: failuresFile,
        },
        stdio: ['ignore', 'inherit', 'inherit'],
        timeout: patienceMs,
        killSignal: 'SIGKILL',
      },
    );
    child.once('close', (code, signal) => {
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      const result = readJson(totalsFile);
      const texts = readJson(failuresFile) ?? [];
      let { passed = 0, failed = 0, skipped = 0 } = result ?? {};
      if (!result || signal || (code !== 0 && failed === 0)) {
        failed += 1;
        const text = `the test process ended with ${signal ?? code} before its totals`;
        texts.push(`  ${text}\n`);
        process.stdout.write(`  FAILED ${label}: ${text}\n`);
      }
      process.stdout.write(
        `${failed > 0 ? 'FAILED' : 'ok    '} ${label}: ${passed} passed, ${failed} failed (${seconds} s)\n`,
      );
      resolve({ passed, failed, skipped, failures: texts.map((text) => ({ where: label, text })) });
    });
  });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
