// Shows failures as they happen and leaves them and the totals in files for scripts/test.mjs, which sums all processes.
const { writeFileSync } = require('node:fs');
const { format } = require('node:util');
const { Runner, reporters } = require('mocha');
const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Runner.constants;
const { ZKFERRY_TEST_TOTALS, ZKFERRY_TEST_FAILURES } = process.env;

module.exports = class extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    runner.on(EVENT_TEST_PASS, (test) => {
      if (test.duration > 500) process.stdout.write(`  ✔ ${test.fullTitle()} (${test.duration} ms)\n`);
    });
    runner.on(EVENT_TEST_FAIL, (test) => {
      process.stdout.write(`  ✘ ${test.fullTitle()}\n`);
      // At once: should the process die later, this is still told.
      if (ZKFERRY_TEST_FAILURES) writeFileSync(ZKFERRY_TEST_FAILURES, JSON.stringify(texts(this.failures)));
    });
    // A skipped test says in its title what it misses.
    runner.on(EVENT_TEST_PENDING, (test) => process.stdout.write(`  - skipped: ${test.fullTitle()}\n`));
    runner.once(EVENT_RUN_END, () => {
      if (this.failures.length > 0) reporters.Base.list(this.failures);
    });
  }

  done(failures, finished) {
    const { passes, failures: failed, pending } = this.stats;
    const totals = { passed: passes, failed, skipped: pending };
    if (ZKFERRY_TEST_TOTALS) writeFileSync(ZKFERRY_TEST_TOTALS, JSON.stringify(totals));
    finished(failures);
  }
};

/** Title, message, diff and stack of each, as mocha words them; without mocha's numbers, which begin anew in every process. */
function texts(failures) {
  const { consoleLog } = reporters.Base;
  const said = [];
  reporters.Base.consoleLog = (line, number, ...rest) => {
    if (line !== undefined) said.push(format(line.replace('%s) ', ''), ...rest));
  };
  try {
    reporters.Base.list(failures);
  } finally {
    reporters.Base.consoleLog = consoleLog;
  }
  return said;
}
