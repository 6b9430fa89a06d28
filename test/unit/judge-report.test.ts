import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { labProcesses, memoryOf, sampleMemory } from '../../lab/memory.js';
import { split } from '../../lab/watched.js';
import { contenders } from '../../lab/watchers/contenders.js';
import { lowestContender } from '../../lab/watchers/lowest-contender.js';
import { reportOf } from '../../src/domain/report.js';
import { status, verdicts } from '../fakes/reports.js';

const madeAt = '2026-01-01T00:00:04.000Z';

describe('report', () => {
  it('takes measured times and verdicts from the watchers, never from the workflow', () => {
    const report = reportOf(status, { madeAt, watched: { ...split(verdicts), seen: null } });
    assert.equal(report.verdicts?.passed, true);
    assert.deepEqual([report.verdicts?.wrongLeaderMs, report.verdicts?.mirrorDelay], [0, verdicts.mirrorDelay]);
    const { budgetMs, forecastMs, coordinationMs, leaderlessMs, lastAgentMs } = report.window ?? {};
    assert.deepEqual(
      { budgetMs, forecastMs, coordinationMs, leaderlessMs, lastAgentMs },
      { budgetMs: 75_000, forecastMs: 9_000, coordinationMs: 2_100, leaderlessMs: 2_000, lastAgentMs: 3_000 },
    );
    assert.deepEqual(
      report.phases.map(({ name, durationMs }) => [name, durationMs]),
      [
        ['preflight', 2_500],
        ['soak', null],
      ],
    );
  });

  it('has no verdicts where nobody watched', () => {
    const report = reportOf(status, { madeAt });
    assert.equal(report.verdicts, null);
    assert.equal(report.window?.leaderlessMs, 1);
  });

  it('has no window when none was opened', () => {
    assert.equal(reportOf({ ...status, window: null }, { madeAt }).window, null);
  });
});

describe('lowest contender', () => {
  it('is the smallest number whatever its label, looked up under its padded name', () => {
    const names = ['log_replicas', 'json.info_0000000012', 'info_0000000003', 'json.info_0000000004'];
    assert.equal(lowestContender(names), 'info_0000000003');
    assert.equal(lowestContender(['json.info_5']), 'json.info_0000000005');
    assert.equal(lowestContender(['0000000007']), '0000000007');
    assert.equal(lowestContender(['log_replicas', 'json.info_99999999999', 'x_1a']), null);
  });
});

describe('contenders', () => {
  it('are the children with an int32 behind their last underscore, ascending by that number', () => {
    const names = [
      'json.info_0000000012',
      'log_replicas',
      'x_9_',
      'json.info_3000000000',
      'json.info_10',
      '0000000002',
    ];
    assert.deepEqual(contenders(names), ['0000000002', 'x_9_', 'json.info_10', 'json.info_0000000012']);
  });
});

describe('memory', () => {
  it('sums resident and proportional sizes of living processes and forgives those that are gone', async () => {
    const { rssBytes, pssBytes, processes } = await memoryOf([process.pid, 2 ** 22 + 1]);
    assert.equal(processes, 1);
    assert.ok(rssBytes > 20 * 2 ** 20 && rssBytes < 2 ** 31, `${rssBytes}`);
    assert.ok(pssBytes !== null && pssBytes > 0 && pssBytes <= rssBytes * 1.05, `${pssBytes}`);
  });

  it('finds the processes of a lab by what their environment names, and no others', async () => {
    const dir = `/tmp/lab-of-${process.pid}`;
    const sleepers = [`X=${dir}/hosts/a`, `X=${dir}`, `X=${dir}-other/hosts`].map((assignment) =>
      spawn('sleep', ['30'], { env: { PATH: process.env['PATH'], X: assignment.slice(2) }, stdio: 'ignore' }),
    );
    try {
      for (const child of sleepers) if (child.pid === undefined) await once(child, 'spawn');
      assert.deepEqual(new Set(labProcesses(dir)), new Set(sleepers.slice(0, 2).map(({ pid }) => pid)));
    } finally {
      for (const child of sleepers) child.kill('SIGKILL');
    }
  });

  it('remembers the peak', async () => {
    let pids = [process.pid];
    const sampler = sampleMemory(() => pids, 60_000);
    pids = [];
    const { peak, samples } = await sampler.stop();
    assert.equal(samples, 2);
    assert.equal(peak.processes, 1);
  });
});
