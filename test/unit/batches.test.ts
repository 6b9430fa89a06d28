import assert from 'node:assert/strict';
import fc from 'fast-check';
import { batchSizes } from '../../src/domain/batches.js';

describe('batchSizes', () => {
  it('begins with the canary and grows up to the ceiling', () => {
    assert.deepEqual(batchSizes(30, { canary: 1, growth: 2, max: 10 }), [1, 2, 4, 8, 10, 5]);
    assert.deepEqual(batchSizes(5, { canary: 1, growth: 1, max: 10 }), [1, 1, 1, 1, 1]);
  });

  it('covers every agent once, never above the ceiling, and ends', () => {
    const pace = fc.record({
      canary: fc.integer({ min: 1, max: 20 }),
      growth: fc.double({ min: 1, max: 5, noNaN: true }),
      max: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), pace, (total, given) => {
        const sizes = batchSizes(total, given);
        assert.equal(
          sizes.reduce((a, b) => a + b, 0),
          total,
        );
        assert.ok(sizes.every((size) => size >= 1 && size <= given.max));
        assert.ok((sizes[0] ?? 1) <= given.canary);
      }),
    );
  });
});
