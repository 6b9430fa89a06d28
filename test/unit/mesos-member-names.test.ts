import assert from 'node:assert/strict';
import { memberName, membersByNumber } from '../../lab/mesos/zk/member-names.js';

describe('names of a group’s members', () => {
  const members = (...children: string[]): [number, string | null][] => [...membersByNumber(children)];

  it('are read by their last token, and labelled by the first of several', () => {
    assert.deepEqual(members('json.info_0000000051'), [[51, 'json.info']]);
    assert.deepEqual(members('0000000003'), [[3, null]]);
    assert.deepEqual(members('a_b_0000000003'), [[3, 'a']]);
  });

  it('are ignored when the last token is no int32', () => {
    assert.deepEqual(members('log_replicas', 'log', 'x_', 'x_2147483648', 'x_12a', 'x_1.5', ''), []);
    assert.deepEqual(members('x_2147483647', 'x_-2147483648'), [
      [2147483647, 'x'],
      [-2147483648, 'x'],
    ]);
  });

  it('collide when they share a number', () => {
    assert.deepEqual(members('info_0000000004', 'json.info_0000000004'), [[4, 'json.info']]);
  });

  it('are looked up padded to ten digits, whatever they looked like', () => {
    assert.equal(memberName(5, 'json.info'), 'json.info_0000000005');
    assert.equal(memberName(5, null), '0000000005');
    assert.equal(memberName(-5, 'x'), 'x_-0000000005');
    assert.equal(memberName(2147483647, null), '2147483647');
  });
});
