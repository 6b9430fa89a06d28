import assert from 'node:assert/strict';
import { preflight } from '../../src/domain/preflight.js';
import { timersOf, UNMEASURED } from '../../src/domain/temporal-timers.js';
import { aSpreadConfig, aSurvey } from '../fakes/surveys.js';

describe('the timers of the Temporal server', () => {
  it('are known when one of a few short ones is prompt, and slow when all are late', () => {
    assert.deepEqual(timersOf([900, 140]), { timerLateMs: 140, known: true });
    assert.deepEqual(timersOf([910, 930, 905]), { timerLateMs: 905, known: false });
    assert.deepEqual(timersOf([-3]), { timerLateMs: 0, known: true });
    assert.deepEqual(timersOf([]), UNMEASURED);
  });

  it('are told when prompt, warned of when slow, and told again when that is accepted by name', () => {
    const config = aSpreadConfig();
    const accepting = { ...config, policy: { ...config.policy, acceptFrozenWorker: true } };
    const verdict = (from: typeof config, lateMs: readonly number[]) =>
      preflight(from, { ...aSurvey(config), temporal: timersOf(lateMs) }).find(({ id }) => id === 'temporal-timers')
        ?.verdict;
    assert.equal(verdict(config, [90]), 'info');
    assert.equal(verdict(config, [900]), 'warn');
    assert.equal(verdict(accepting, [900]), 'info');
    assert.equal(verdict(config, []), undefined);
  });
});
