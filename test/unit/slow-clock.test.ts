import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { HostStep } from '../../activities/contract.js';
import { runStep } from '../../activities/hosts/script.js';
import type { Ports } from '../../activities/ports.js';
import type { HostConfig } from '../../src/domain/config.js';
import { DeadlineError } from '../../src/domain/host-errors.js';

const host = { name: 'h1', root: '' } as HostConfig;
const step = { access: {}, fence: { cluster: 'c', migration: 'm', generation: 1 } } as HostStep;

describe('a worker whose clock is slow', () => {
  const attempt = async (scheduledAt: number, deadline: number): Promise<number> => {
    let runs = 0;
    const run = async () => ((runs += 1), { exitCode: 0, stdout: '', stderr: '' });
    const ports = { shell: { run } } as Partial<Ports> as Ports;
    const environment = new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: scheduledAt });
    await environment.run(() =>
      runStep(ports, step, host, { name: 'start-unit', body: '', values: {}, timeoutMs: 1, deadline }),
    );
    return runs;
  };

  it("starts nothing after a deadline that has passed by Temporal's clock (S1)", async () => {
    const inTemporal = Date.now() + 30_000;
    await assert.rejects(attempt(inTemporal, inTemporal - 10_000), DeadlineError);
  });

  it('starts what is in time by either clock', async () => {
    assert.equal(await attempt(Date.now(), Date.now() + 10_000), 1);
    const inTemporal = Date.now() + 30_000;
    assert.equal(await attempt(inTemporal, inTemporal + 10_000), 1);
  });
});
