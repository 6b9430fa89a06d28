import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { boundedSignal } from '../../src/domain/bounded-signal.js';

describe('a bounded signal', () => {
  it('ends with its patience, also when garbage is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const never = new AbortController().signal;
    let waiting = 0;
    const wait = async (): Promise<void> => {
      waiting += 1;
      const end = boundedSignal(never, 100);
      await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve()));
      waiting -= 1;
    };
    for (let count = 0; count < 100; count += 1) void wait();
    for (const until = performance.now() + 2_000; waiting > 0 && performance.now() < until;) {
      collect();
      await delay(20);
    }
    assert.equal(waiting, 0);
  });

  it('ends with what it bounds, with the same reason', () => {
    const caller = new AbortController();
    const end = boundedSignal(caller.signal, 60_000);
    const reason = new Error('called off');
    caller.abort(reason);
    assert.equal(end.reason, reason);
  });
});
