import assert from 'node:assert/strict';
import { isOldLook, oldestLookMs } from '../../src/domain/look-age.js';

describe('the age of a look', () => {
  const MINUTE = 60_000;

  it('is at most a minute', () => {
    assert.equal(isOldLook(MINUTE, []), false);
    assert.equal(isOldLook(MINUTE + 1, []), true);
    assert.equal(isOldLook(MINUTE, [1_000]), false);
    assert.equal(isOldLook(MINUTE + 1, [1_000]), true);
  });

  it('may be longer where an earlier look took about as long, so that a large cluster is not looked at for ever', () => {
    assert.equal(isOldLook(6 * MINUTE, []), true);
    assert.equal(isOldLook(7 * MINUTE, [6 * MINUTE]), false);
    assert.equal(isOldLook(13 * MINUTE, [6 * MINUTE]), true);
    assert.equal(isOldLook(7 * MINUTE, [6 * MINUTE, 1_000]), true, 'the quickest counts');
  });

  it('is never that of an outage, even of the second one in a row', () => {
    assert.equal(isOldLook(60 * MINUTE, [60 * MINUTE]), true);
    assert.equal(isOldLook(14 * MINUTE, [60 * MINUTE]), false, 'the longest time that a look may take');
  });

  it('opens the window up to what the forecast may take, and never less than a minute', () => {
    assert.equal(oldestLookMs(75_000, 0.6), MINUTE);
    assert.equal(oldestLookMs(600_000, 0.5), 5 * MINUTE);
  });
});
