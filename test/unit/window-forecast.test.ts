import assert from 'node:assert/strict';
import fc from 'fast-check';
import { forecastOf, type Seen } from '../../src/domain/forecast-of.js';
import { NO_RESTARTS, slower } from '../../src/domain/window-forecast.js';
import { aConfig, aPlan } from '../fakes/plans.js';

describe('the forecast of the window', () => {
  const observers = aConfig();
  const dual = aConfig(3, { strategy: 'dual-publishing', observers: [] });
  const rehearsal = { stopMs: 1_000, startAndSyncMs: 4_000 };
  const seen: Seen = { rehearsal, restarts: NO_RESTARTS, stepMs: 200 };

  function forecast(config = observers, what: Partial<Seen> = {}, change: Parameters<typeof aPlan>[2] = {}) {
    const found = forecastOf(config, aPlan(config, [], change), 'target', { ...seen, ...what });
    assert.ok(found);
    return found;
  }

  it('says in one line what it is the sum of, and what of it was measured', () => {
    const restarts = { agents: 2_500, frameworks: 1_000, masters: 1_500 };
    const { forecastMs, reserveMs, derivation } = forecast(observers, { restarts });
    assert.equal(forecastMs, 1_000 + 4_000 + 5 * 200 + 2_000 + 1_000 + 2_000 + 2_500);
    assert.equal(reserveMs, 1_000 + 4_000 + 5 * 200 + 2_000 + 3_000 + 1_500 + 2_000 + 4_000 + 2_000);
    assert.equal(
      derivation,
      'forecast 13.5 s = stop 1 s (measured) + start and sync 4 s (measured) + steps 5 × 0.2 s = 1 s (measured) + ' +
        'stop masters 2 s (assumed) + reconnect T/3 1 s (configured) + election and registry 2 s (assumed) + ' +
        'registration 2.5 s (measured); reserve 20.5 s = stop 1 s (measured) + start and sync 4 s (measured) + ' +
        'steps 5 × 0.2 s = 1 s (measured) + stop masters 2 s (assumed) + session timeout 3 s (configured) + ' +
        'masters start 1.5 s (measured) + election and registry 2 s (assumed) + worker crash 4 s (assumed) + ' +
        'cancellation 2 s (assumed)',
    );
  });

  it('says so where nothing was measured, as with masters under dual publishing', () => {
    const { derivation } = forecast(dual, { rehearsal: null, restarts: { ...NO_RESTARTS, agents: 700 } });
    assert.match(derivation, /masters start 2 s \(assumed\)/);
    assert.match(derivation, /registration 0\.7 s \(measured\)/);
    assert.match(forecast(dual, { stepMs: null }).derivation, /steps 6 × 0\.5 s = 3 s \(assumed\)/);
  });

  it('is not made without a rehearsal of the observers', () => {
    assert.equal(forecastOf(observers, aPlan(observers), 'target', { ...seen, rehearsal: null }), null);
  });

  it('counts with a whole session timeout where the new ensemble refuses the clients for their zxid', () => {
    assert.equal(forecast().forecastMs + 2_000, forecast(observers, {}, { raiseEpoch: false }).forecastMs);
  });

  it('reserves what a frozen worker costs unless the Temporal server is known, or the operator accepts it (S22)', () => {
    for (const config of [observers, dual]) {
      const known = forecast(config, {}, { temporal: { timerLateMs: 50, known: true } });
      const unknown = forecast(config, {}, { temporal: { timerLateMs: 900, known: false } });
      assert.equal(unknown.reserveMs - known.reserveMs, 64_000);
      assert.match(unknown.derivation, /worker frozen 68 s \(assumed\)/);
      const policy = { ...config.policy, acceptFrozenWorker: true };
      const accepted = forecast({ ...config, policy }, {}, { temporal: { timerLateMs: 900, known: false } });
      assert.equal(accepted.reserveMs, known.reserveMs);
      assert.match(accepted.derivation, /a frozen one accepted/);
    }
  });

  it('takes the reserve that the config sets', () => {
    const found = forecast({ ...dual, policy: { ...dual.policy, reserveMs: 30_000 } });
    assert.equal(found.reserveMs, 30_000);
    assert.match(found.derivation, /policy\.reserve sets 30 s instead$/);
  });

  it('takes no lower one where a frozen worker may cost more and nobody accepted that (S22)', () => {
    const plan = { temporal: { timerLateMs: 900, known: false } };
    const withReserve = (reserveMs: number, acceptFrozenWorker = false) =>
      forecast({ ...dual, policy: { ...dual.policy, reserveMs, acceptFrozenWorker } }, {}, plan).reserveMs;
    const measured = forecast(dual, {}, plan).reserveMs;
    assert.equal(withReserve(30_000), measured);
    assert.equal(withReserve(measured + 1), measured + 1);
    assert.equal(withReserve(30_000, true), 30_000);
  });

  it('reserves at least what the way over takes, with a crash and a cancellation', () => {
    const ms = fc.integer({ min: 0, max: 60_000 });
    const measured = fc.record({
      rehearsal: fc.record({ stopMs: ms, startAndSyncMs: ms }),
      restarts: fc.record({ agents: fc.option(ms), frameworks: fc.option(ms), masters: fc.option(ms) }),
      stepMs: fc.option(ms),
    });
    fc.assert(
      fc.property(fc.constantFrom(observers, dual), measured, (config, what) => {
        const { forecastMs, reserveMs } = forecast(config, what);
        const clients = slower(what.restarts.agents, what.restarts.frameworks) ?? 3_000;
        assert.ok(reserveMs >= forecastMs - clients + 6_000);
      }),
    );
  });
});

describe('slower', () => {
  it('keeps the slower of what is known', () => {
    assert.equal(slower(null, null), null);
    assert.equal(slower(null, 3), 3);
    assert.equal(slower(5, undefined), 5);
    assert.equal(slower(5, 3), 5);
  });
});
