import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCampaign } from '../../lab/campaign/campaign.js';

/** Two runs of the campaign, one by each strategy, each with a fault at a step of the window; the rest are in the long tier. */
describe('two runs of the fault campaign', function () {
  this.timeout(420_000);
  let dir: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkc-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  for (const { strategy, seed, kind } of [
    { strategy: 'observers', seed: 1892, kind: 'worker-killed' },
    { strategy: 'dual-publishing', seed: 5199, kind: 'rollback-ordered' },
  ] as const) {
    it(`breaks no promise by ${strategy}, ${kind} in the window`, async () => {
      const record = join(dir, 'record.jsonl');
      const [run] = await runCampaign({ seed, strategy, runs: 1, jobs: 1, record });
      assert.equal(run?.judgement, 'passed', run?.reasons.join('; '));
      assert.deepEqual(
        run.faults.map((fault) => [fault.kind, fault.hit?.inWindow]),
        [[kind, true]],
      );
    });
  }

  it('plants no breach unless it is told to twice', async () => {
    const record = join(dir, 'record.jsonl');
    await assert.rejects(runCampaign({ seed: 1, runs: 1, jobs: 1, breach: 'barrier', record }), /planted breach/);
  });
});
