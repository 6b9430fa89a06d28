import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCampaign } from '../../lab/campaign/campaign.js';
import { repositoryRoot } from '../../lab/repository-root.js';

describe('the fault campaign', function () {
  // Hours; what was interrupted goes on from the record.
  this.timeout(0);

  it('breaks no promise in 60 runs of seed 1', async () => {
    const record = join(repositoryRoot(), 'test/long/campaign-record.jsonl');
    const runs = await runCampaign({ seed: 1, runs: 60, jobs: 1, resume: true, record });
    assert.equal(runs.length, 60);
    const bad = runs.filter(({ judgement }) => judgement !== 'passed');
    assert.deepEqual(
      bad.map(({ run, judgement, reasons }) => `run ${run} ${judgement}: ${reasons.join('; ')}`),
      [],
    );
  });

  it('fails, and says why, when the barrier is off', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'zkc-'));
    process.env['ZKFERRY_CAMPAIGN_BREACH'] = 'yes-break-it';
    try {
      const record = join(dir, 'record.jsonl');
      const [run] = await runCampaign({ seed: 1, runs: 1, jobs: 1, breach: 'barrier', record });
      assert.equal(run?.judgement, 'failed');
      assert.ok((run.verdicts?.leadersAtOnceMax ?? 0) >= 2);
      assert.match(run.reasons.join('\n'), /2 masters led at once/);
    } finally {
      delete process.env['ZKFERRY_CAMPAIGN_BREACH'];
      await rm(dir, { recursive: true, force: true });
    }
  });
});
