#!/usr/bin/env node
// What it runs is said by its usage below. What failed is told once more at the end; the last line is
// `N passed, N failed`.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setUp, SetupError } from './setup.mjs';
import { failuresAgain } from './test/failures.mjs';
import { endLeftovers, killLeftovers } from './test/leftovers.mjs';
import { longRecord } from './test/long-record.mjs';
import { runMocha } from './test/run-mocha.mjs';
import { checkTypesAndLint } from './test/static-checks.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { mode, chosen } = asked();

/** @returns {{mode: 'all' | 'fast' | 'long', chosen: string[]}} what the command line asks for; ends here where it errs */
function asked() {
  const usage = `usage: npm test -- [WORD...]

Runs the test files whose path contains one of the words, or all of them. Exits with 1 if one fails or none ran.

  npm run test:fast (--fast)   types, lint and unit tests only
  npm run test:long (--long)   what does not fit into npm test; goes on where it stopped
`;
  try {
    const options = { fast: { type: 'boolean' }, long: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (!values.help) return { mode: values.fast ? 'fast' : values.long ? 'long' : 'all', chosen: positionals };
    process.stdout.write(usage);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

/**
 * Tiers in the order they run. All files of a tier with `processes` are dealt out to so many; else each has its own,
 * so that a crash costs one file. Of a tier that is `sideBySide` so many run at the same time: most of them mostly
 * wait (for timers, for servers to start).
 */
const tiers = {
  fast: [{ name: 'unit', processes: 2 }],
  all: [
    { name: 'unit', processes: 2 },
    { name: 'model', sideBySide: 2 },
    { name: 'replay' },
    { name: 'workflow', sideBySide: 6 },
    { name: 'browser' },
    { name: 'contract', sideBySide: 3 },
    { name: 'integration' },
    { name: 'e2e' },
  ],
  long: [{ name: 'long' }],
};

// The campaign takes hours; it goes on from its own record when it is interrupted.
const patience = mode === 'long' ? { patienceMs: 6 * 60 * 60_000 } : {};

const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
function count(result) {
  for (const key of Object.keys(totals)) totals[key] += result[key] ?? 0;
  failures.push(...result.failures);
}

async function main() {
  await setUp(mode === 'fast' ? { need: ['npm', 'build'] } : { versions: ['default', '3.4.14', '3.9.5'] });
  // Whatever the tests put under the temporary folder carries this name, so what they leave behind can be told.
  const scratch = mkdtempSync(join(tmpdir(), 'zkferry-test-'));
  const interrupts = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
  for (const [name, status] of Object.entries(interrupts)) {
    process.once(name, () => {
      // Test processes shut down at their leisure, and what they have started is no child of this one.
      killLeftovers(scratch);
      rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
      process.stderr.write(`interrupted by ${name}; what the tests had started was ended\n`);
      process.exit(status);
    });
  }
  try {
    const record = mode === 'long' ? longRecord(root) : undefined;
    // Beside the first tier, which leaves a core half idle.
    const checks = mode !== 'long' && chosen.length === 0 ? checkTypesAndLint(root) : null;
    for (const { name, processes, sideBySide = processes ?? 1 } of tiers[mode]) {
      const files = testFiles(name).filter((file) => !record?.hasPassed(file));
      if (files.length === 0) continue;
      // After set-up, which installs it.
      const { default: pLimit } = await import('p-limit');
      const atOnce = pLimit(sideBySide);
      const groups = processes ? dealt(files, processes) : files.map((file) => [file]);
      const running = groups.map((group) =>
        atOnce(async () => {
          const result = await runMocha({ root, tier: name, files: group, scratch, ...patience });
          count(result);
          if (sideBySide > 1) return;
          // At once, so that what one file leaves behind cannot disturb the next.
          const left = await endLeftovers(scratch, group[0]);
          count(left);
          const { passed, failed, skipped } = result;
          record?.add(group, { passed, failed: failed + left.failed, skipped });
        }),
      );
      await Promise.all(running);
      if (sideBySide > 1) count(await endLeftovers(scratch, name));
    }
    if (checks) count(await checks);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Like cards, so that each process gets its share of the slow ones. */
function dealt(files, processes) {
  const groups = Array.from({ length: processes }, (_, at) => files.filter((_file, index) => index % processes === at));
  return groups.filter((group) => group.length > 0);
}

function testFiles(tier) {
  const folder = join(root, 'dist/test', tier);
  let names;
  try {
    names = readdirSync(folder, { recursive: true });
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join('dist/test', tier, name))
    .filter((file) => chosen.length === 0 || chosen.some((word) => file.includes(word)))
    .sort();
}

let ended = '';
try {
  await main();
} catch (error) {
  ended = error instanceof SetupError ? `setup: ${error.message}\n` : `${error.stack}\n`;
  totals.failed += 1;
}
process.stdout.write(failuresAgain(failures));
process.stderr.write(ended);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
