// Shows failures as they happen and leaves the totals in a file for scripts/test.mjs, which sums all processes.
const { writeFileSync } = require('node:fs');
const { Runner, reporters } = require('mocha');
const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Runner.constants;

module.exports = class extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    runner.on(EVENT_TEST_PASS, (test) => {
      if (test.duration > 500) process.stdout.write(`  ✔ ${test.fullTitle()} (${test.duration} ms)\n`);
    });
    runner.on(EVENT_TEST_FAIL, (test) => process.stdout.write(`  ✘ ${test.fullTitle()}\n`));
    // A skipped test says in its title what it misses.
    runner.on(EVENT_TEST_PENDING, (test) => process.stdout.write(`  - skipped: ${test.fullTitle()}\n`));
    runner.once(EVENT_RUN_END, () => {
      if (this.failures.length > 0) reporters.Base.list(this.failures);
    });
  }

  done(failures, finished) {
    const { passes, failures: failed, pending } = this.stats;
    const file = process.env.ZKFERRY_TEST_TOTALS;
    if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed, skipped: pending }));
    finished(failures);
  }
};
