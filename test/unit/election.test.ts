import assert from 'node:assert/strict';
import { collisionsOf, contendersOf, nextSequence, parseContender } from '../../src/domain/election.js';

describe('contenders', () => {
  it('are read from names as Mesos reads them', () => {
    const read = (name: string) => {
      const contender = parseContender(name);
      return contender && [contender.number, contender.label, contender.bodyName];
    };
    assert.deepEqual(read('json.info_0000000005'), [5, 'json.info', 'json.info_0000000005']);
    assert.deepEqual(read('info_0000000012'), [12, 'info', 'info_0000000012']);
    assert.deepEqual(read('0000000003'), [3, null, '0000000003']);
    assert.deepEqual(read('a_b_0000000007'), [7, 'a', 'a_0000000007']);
    assert.deepEqual(read('json.info_2147483647'), [2147483647, 'json.info', 'json.info_2147483647']);
    assert.deepEqual(read('json.info_-2147483648'), [-2147483648, 'json.info', 'json.info_-2147483648']);
  });

  it('do not include what ends in no int32', () => {
    for (const name of ['log_replicas', 'json.info_', 'json.info_2147483648', 'json.info_5x', '_', '', 'marker']) {
      assert.equal(parseContender(name), null, name);
    }
  });

  it('whose number is not padded have their body looked up under another name', () => {
    const contender = parseContender('json.info_5');
    assert.ok(contender);
    assert.notEqual(contender.bodyName, contender.name);
  });

  it('follow each other by number alone', () => {
    const names = ['json.info_0000000010', 'log_replicas', 'zzz_0000000002', 'info_0000000009'];
    assert.deepEqual(
      contendersOf(names).map(({ name }) => name),
      ['zzz_0000000002', 'info_0000000009', 'json.info_0000000010'],
    );
  });

  it('collide when they share a number under different labels', () => {
    const found = collisionsOf(contendersOf(['info_0000000001', 'json.info_0000000001', 'json.info_0000000002']));
    assert.deepEqual(
      found.map(({ name }) => name),
      ['info_0000000001', 'json.info_0000000001'],
    );
  });
});

describe('nextSequence', () => {
  it('counts creates, whatever was deleted since', () => {
    // Three creates and one delete: servers report 2·3 − 2 = 4 and two children.
    assert.equal(nextSequence({ cversion: 4, numChildren: 2 }), 3);
    assert.equal(nextSequence({ cversion: 0, numChildren: 0 }), 0);
  });
});
