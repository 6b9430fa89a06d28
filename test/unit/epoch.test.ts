import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EPOCH_LIMIT, epochOf, isAboveSource, raiseTo } from '../../src/domain/epoch.js';

describe('epoch', () => {
  it('is the high half of a zxid, without loss of precision', () => {
    assert.equal(epochOf(0x500000009n), 5n);
    assert.equal(epochOf(0x7fffffff_ffffffffn), 0x7fffffffn);
  });

  it('is raised above source and above whatever any target server holds (S16)', () => {
    const epoch = fc.bigInt({ min: 0n, max: EPOCH_LIMIT - 100n });
    fc.assert(
      fc.property(epoch, fc.array(epoch), (source, target) => {
        const verdict = raiseTo({ source, target });
        assert.ok(verdict.ok);
        assert.ok([source, ...target].every((held) => verdict.epoch >= held + 100n));
        assert.ok(verdict.epoch <= EPOCH_LIMIT);
        assert.ok([source, ...target].some((held) => verdict.epoch === held + 100n));
      }),
    );
  });

  it('is never raised past the limit', () => {
    assert.equal(raiseTo({ source: 1n, target: [EPOCH_LIMIT - 99n] }).ok, false);
  });

  it('stands above source only when every target server does', () => {
    assert.equal(isAboveSource({ source: 5n, target: [6n, 106n] }), true);
    assert.equal(isAboveSource({ source: 5n, target: [6n, 5n] }), false);
    assert.equal(isAboveSource({ source: 5n, target: [] }), false);
  });
});
