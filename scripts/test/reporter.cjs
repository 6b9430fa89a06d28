// Shows failures as they happen and sends the totals to scripts/test.mjs, which sums all processes.
const { Runner, reporters } = require('mocha');
const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS } = Runner.constants;

module.exports = class extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    runner.on(EVENT_TEST_PASS, (test) => {
      if (test.duration > 500) process.stdout.write(`  ✔ ${test.fullTitle()} (${test.duration} ms)\n`);
    });
    runner.on(EVENT_TEST_FAIL, (test) => process.stdout.write(`  ✘ ${test.fullTitle()}\n`));
    runner.once(EVENT_RUN_END, () => {
      if (this.failures.length > 0) reporters.Base.list(this.failures);
    });
  }

  // mocha leaves the process as soon as `finished` is called, so the totals go first.
  done(failures, finished) {
    const { passes, failures: failed, pending } = this.stats;
    const totals = { passed: passes, failed, skipped: pending };
    if (process.send) process.send(totals, () => finished(failures));
    else finished(failures);
  }
};
