import assert from 'node:assert/strict';
import { TemporalUnreachableError } from '../../src/adapters/temporal-client.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { MigrationFailedError, NoWorkerError } from '../../src/cli/migration-errors.js';
import { follow, type FollowOptions, WatchTimeoutError } from '../../src/cli/watch/follow.js';
import { cancelledStatus } from '../../src/domain/cancelled.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { atGate, onTheMove, stranded } from '../fakes/statuses.js';
import { status as migrated } from '../fakes/reports.js';

/** Answers in their order, the last one for ever. */
function looks(...answers: readonly (MigrationStatus | Error | 'never')[]): () => Promise<MigrationStatus> {
  let at = 0;
  return () => {
    const answer = answers[Math.min(at, answers.length - 1)];
    at += 1;
    if (answer === 'never') return new Promise(() => undefined);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as MigrationStatus);
  };
}

async function watched(
  look: () => Promise<MigrationStatus>,
  change: Partial<FollowOptions> = {},
): Promise<{ code: number | null; said: string[] }> {
  const said: string[] = [];
  const code = await follow(
    'lab',
    look,
    {
      seen: () => undefined,
      changed: ({ state, progress }) => said.push(`${state} ${String(progress.done)}`),
      away: ({ code: reason }) => said.push(`away ${reason}`),
      back: () => said.push('back'),
    },
    { exitOnWait: false, timeoutMs: null, pauseMs: 1, signal: new AbortController().signal, ...change },
  );
  return { code, said };
}

describe('watching a migration', () => {
  it('ends with the code of its outcome', async () => {
    assert.equal((await watched(looks(onTheMove, migrated))).code, EXIT.done);
    assert.equal((await watched(looks({ ...migrated, state: 'rolled-back' }))).code, EXIT.rolledBack);
    const cancelled = cancelledStatus(atGate, '2026-01-01T00:10:00.000Z');
    assert.equal((await watched(looks(cancelled))).code, EXIT.rolledBack);
    assert.equal((await watched(looks(stranded))).code, EXIT.failed);
    assert.equal((await watched(looks(onTheMove, atGate), { exitOnWait: true })).code, EXIT.waiting);
  });

  it('tells each change once, and goes on at a gate unless it is asked to stop there', async () => {
    const further = { ...onTheMove, progress: { ...onTheMove.progress, done: 5 } };
    const { code, said } = await watched(looks(onTheMove, onTheMove, further, atGate, atGate, migrated));
    assert.deepEqual(said, ['running 4', 'running 5', 'awaiting-approval 0', 'migrated 1']);
    assert.equal(code, EXIT.done);
  });

  it('outlasts a worker and a server that are away, and says so once', async () => {
    const nobody = new NoWorkerError('lab', 'nobody polls', 'start one');
    const gone = new TemporalUnreachableError('127.0.0.1:1', 'refused');
    const { said } = await watched(looks(onTheMove, nobody, nobody, gone, onTheMove, migrated));
    assert.deepEqual(said, [
      'running 4',
      'away FERRY_NO_WORKER',
      'away FERRY_TEMPORAL_UNREACHABLE',
      'back',
      'migrated 1',
    ]);
  });

  it('ends with what no second look can mend', async () => {
    await assert.rejects(
      watched(looks(onTheMove, new MigrationFailedError('TERMINATED', 'by hand'))),
      MigrationFailedError,
    );
  });

  it('gives up when its time is over, also while an answer is waited for, and says that the migration goes on', async () => {
    for (const look of [
      looks(onTheMove),
      looks('never'),
      looks(new NoWorkerError('lab', 'nobody polls', 'start one')),
    ]) {
      await assert.rejects(watched(look, { timeoutMs: 30 }), (error: unknown) => {
        assert.ok(error instanceof WatchTimeoutError);
        assert.match(error.message, /has not ended/);
        assert.match(error.remedy, /goes on; watch it again: zkferry watch lab/);
        return true;
      });
    }
  });

  it('stops at once when it is interrupted, whatever it waits for', async () => {
    for (const look of [looks(onTheMove), looks('never')]) {
      const interruption = new AbortController();
      setTimeout(() => interruption.abort(), 20);
      assert.equal((await watched(look, { signal: interruption.signal, pauseMs: 60_000 })).code, null);
    }
  });
});
