import assert from 'node:assert/strict';
import fc from 'fast-check';
import { deriveBudget, parseMesosDuration, pingFlagsOf, windowVerdict } from '../../src/domain/budget.js';

const stock = { agent_ping_timeout: '15secs', max_agent_ping_timeouts: '5' };

describe('parseMesosDuration', () => {
  it('reads durations as Mesos prints them', () => {
    const cases = {
      '15secs': 15_000,
      '1mins': 60_000,
      '1.25mins': 75_000,
      '500ms': 500,
      '2hrs': 7_200_000,
      '1weeks': 604_800_000,
    };
    for (const [text, ms] of Object.entries(cases)) assert.equal(parseMesosDuration(text), ms, text);
  });

  it('takes nothing else', () => {
    for (const text of ['15', '15s', 'secs', '-1secs', '1 secs', ''])
      assert.equal(parseMesosDuration(text), null, text);
  });
});

describe('deriveBudget', () => {
  it('multiplies timeout and count and says where they come from', () => {
    const verdict = deriveBudget({ masters: [{ master: 'm1', flags: stock }], stated: null, lowerToMs: null });
    assert.deepEqual(verdict, {
      ok: true,
      budget: { budgetMs: 75_000, derivation: '15 s ping timeout × 5 = 75 s (live on m1; the least of 1 master)' },
    });
  });

  it('knows the flags by their names before 1.0', () => {
    assert.deepEqual(pingFlagsOf({ slave_ping_timeout: '10secs', max_slave_ping_timeouts: '3' }), {
      timeoutMs: 10_000,
      maxTimeouts: 3,
    });
  });

  it('takes the least among all masters', () => {
    const masters = [
      { master: 'm1', flags: stock },
      { master: 'm2', flags: { ...stock, max_agent_ping_timeouts: '2' } },
      { master: 'm3', flags: stock },
    ];
    const verdict = deriveBudget({ masters, stated: null, lowerToMs: null });
    assert.ok(verdict.ok);
    assert.equal(verdict.budget.budgetMs, 30_000);
    assert.match(verdict.budget.derivation, /live on m2; the least of 3 masters/);
  });

  it('can be lowered but never raised', () => {
    const budgetOf = (lowerToMs: number) => {
      const verdict = deriveBudget({ masters: [{ master: 'm1', flags: stock }], stated: null, lowerToMs });
      assert.ok(verdict.ok);
      return verdict.budget;
    };
    assert.equal(budgetOf(60_000).budgetMs, 60_000);
    assert.equal(budgetOf(90_000).budgetMs, 75_000);
    assert.match(budgetOf(90_000).derivation, /does not lower it/);
  });

  it('never assumes 75 s: unread flags need stated ones, and those count like any other', () => {
    const masters = [
      { master: 'm1', flags: stock },
      { master: 'm2', flags: null },
    ];
    const unstated = deriveBudget({ masters, stated: null, lowerToMs: null });
    assert.ok(!unstated.ok && unstated.reason.includes('m2'));
    const stated = deriveBudget({ masters, stated: { timeoutMs: 5_000, maxTimeouts: 4 }, lowerToMs: null });
    assert.ok(stated.ok && stated.budget.budgetMs === 20_000);
  });

  it('treats flags without the ping values as unread, and zero as no budget', () => {
    assert.equal(deriveBudget({ masters: [{ master: 'm1', flags: {} }], stated: null, lowerToMs: null }).ok, false);
    const zero = [{ master: 'm1', flags: { ...stock, agent_ping_timeout: '0secs' } }];
    assert.equal(deriveBudget({ masters: zero, stated: null, lowerToMs: null }).ok, false);
  });
});

describe('windowVerdict', () => {
  const ms = fc.integer({ min: 0, max: 200_000 });

  it('lets the window open only when forecast fits its share and the way back fits the rest', () => {
    fc.assert(
      fc.property(
        ms,
        ms,
        ms,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (budgetMs, forecastMs, reserveMs, share) => {
          const verdict = windowVerdict({ budgetMs, forecastMs, reserveMs, share });
          if (!verdict.ok) return;
          assert.ok(forecastMs <= budgetMs * share);
          assert.ok(forecastMs <= verdict.turnBackAfterMs);
          assert.equal(verdict.turnBackAfterMs + reserveMs, budgetMs);
        },
      ),
    );
  });

  it('opens with room to spare and says why it does not open', () => {
    const open = { budgetMs: 75_000, forecastMs: 20_000, reserveMs: 25_000, share: 0.6 };
    assert.deepEqual(windowVerdict(open), { ok: true, turnBackAfterMs: 50_000 });
    const long = windowVerdict({ ...open, forecastMs: 46_000 });
    assert.ok(!long.ok && /60 %/.test(long.reason));
    const tight = windowVerdict({ ...open, reserveMs: 56_000 });
    assert.ok(!tight.ok && /reserve 56 s/.test(tight.reason));
  });

  it('stays shut when a figure is no number', () => {
    assert.equal(windowVerdict({ budgetMs: 75_000, forecastMs: NaN, reserveMs: 1, share: 0.6 }).ok, false);
    assert.equal(windowVerdict({ budgetMs: 75_000, forecastMs: 1, reserveMs: NaN, share: 0.6 }).ok, false);
  });
});
