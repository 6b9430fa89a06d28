import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OneValueFileError, readOneValue, setOneValue } from '../../src/domain/one-value-file.js';

const value = fc.stringMatching(/^[a-z0-9:/,@.]{1,30}$/);
const space = fc.stringMatching(/^[ \t]{0,2}(\r?\n[ \t]{0,2}){0,2}$/);

describe('one-value file', () => {
  it('keeps everything around the value and reads the new one back', () => {
    fc.assert(
      fc.property(space, value, space, value, (before, old, after, next) => {
        const edited = setOneValue(before + old + after, next);
        assert.equal(edited, before + next + after);
        assert.equal(readOneValue(edited), next);
      }),
    );
  });

  it('fills an empty file', () => {
    assert.equal(setOneValue('', 'zk://a:1/m'), 'zk://a:1/m\n');
  });

  it('refuses a file with two lines of text, without repeating them', () => {
    assert.throws(
      () => setOneValue('zk://u:S3CRET@a:1/m\nzk://b:1/m\n', 'x'),
      (error) =>
        error instanceof OneValueFileError && /2 lines/.test(error.message) && !error.message.includes('S3CRET'),
    );
  });

  it('refuses an empty file when asked for its value, and a new value that spans lines', () => {
    assert.throws(() => readOneValue('\n'), OneValueFileError);
    assert.throws(() => setOneValue('a', 'b\nc'), OneValueFileError);
  });
});
