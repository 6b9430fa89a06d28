import assert from 'node:assert/strict';
import { editDistance, suggest } from '../../src/domain/suggest.js';

describe('suggest', () => {
  it('finds the word a person meant', () => {
    const known = ['cluster', 'strategy', 'electionPath', 'observers', 'masters'];
    assert.equal(suggest('observer', known), 'observers');
    assert.equal(suggest('stratgey', known), 'strategy');
    assert.equal(suggest('electionpath', known), 'electionPath');
  });

  it('stays silent when nothing is near', () => {
    assert.equal(suggest('zookeeper', ['cluster', 'masters']), null);
  });

  it('counts a swap of neighbours as one step', () => {
    assert.equal(editDistance('abcd', 'abdc'), 1);
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('kitten', 'sitting'), 3);
  });
});
