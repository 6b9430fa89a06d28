import assert from 'node:assert/strict';
import { highestNumber, isFarEnough, raisedCounter } from '../../src/domain/publishing/counter-margin.js';
import { type Original, pairUp, type Standing } from '../../src/domain/publishing/pairing.js';
import { OPEN } from '../fakes/fake-znode-store.js';

const info = (id: string): Buffer =>
  Buffer.from(JSON.stringify({ id, ip: 16777226, pid: 'master@10.0.0.1:5050', port: 5050 }));
const nameOf = (number: number): string => `json.info_${String(number).padStart(10, '0')}`;
const original = (number: number, change: Partial<Original> = {}): Original => ({
  name: nameOf(number),
  data: info(String(number)),
  acl: OPEN,
  czxid: 1n,
  ...change,
});
const mirror = (number: number, change: Partial<Standing> = {}): Standing => ({
  name: nameOf(number),
  data: info(String(number)),
  owner: '0x1',
  ...change,
});
const pair = (originals: readonly Original[], standing: readonly Standing[]) => {
  const { remove, create, unmirrored } = pairUp(originals, standing, '0x1');
  return { remove, create: create.map(({ name }) => name), unmirrored: unmirrored.map(({ name }) => name) };
};

describe('pairing contenders with mirrors', () => {
  it('creates what is missing in ascending order and removes what has lost its original', () => {
    assert.deepEqual(pair([original(12), original(7), original(9)], [mirror(5), mirror(9)]), {
      remove: [nameOf(5)],
      create: [nameOf(7), nameOf(12)],
      unmirrored: [],
    });
    assert.deepEqual(pair([original(7)], [mirror(7)]), { remove: [], create: [], unmirrored: [] });
    assert.deepEqual(pair([], [mirror(7), mirror(8)]).remove, [nameOf(7), nameOf(8)]);
  });

  it('leaves alone what belongs to another session', () => {
    assert.deepEqual(pair([], [mirror(1000, { owner: '0x2' }), mirror(7, { owner: '0x0' })]).remove, []);
    assert.deepEqual(pair([original(7), original(8)], [mirror(7, { owner: '0x2' }), mirror(8)]), {
      remove: [nameOf(8)],
      create: [],
      unmirrored: [nameOf(7), nameOf(8)],
    });
  });

  it('passes over what Mesos would not count', () => {
    const log = original(1, { name: 'log_replicas', data: Buffer.alloc(0) });
    assert.deepEqual(pair([log, original(7)], []), { remove: [], create: [nameOf(7)], unmirrored: [] });
  });

  it('never mirrors what no Mesos master would have written, and nothing behind it', () => {
    const bad: Partial<Original>[] = [
      { name: 'info_0000000007' },
      { name: 'json.info_7' },
      { name: 'json.info_00000000007' },
      { name: 'x_json.info_0000000007' },
      { data: Buffer.from('not json') },
      { data: Buffer.from('null') },
      { data: Buffer.from(JSON.stringify({ id: 'x', ip: 1 })) },
      { data: Buffer.from(JSON.stringify({ id: 1, ip: 1, port: 1 })) },
      { acl: [{ permissions: 31, scheme: 'digest', id: 'mesos:x' }] },
    ];
    for (const change of bad) {
      const found = pair([original(6), original(7, change), original(8)], [mirror(8)]);
      assert.deepEqual(found.remove, [nameOf(8)], JSON.stringify(change));
      assert.deepEqual(found.create, [nameOf(6)]);
      assert.deepEqual(found.unmirrored, [change.name ?? nameOf(7), nameOf(8)]);
    }
  });

  it('mirrors neither of two contenders with one number', () => {
    const twin = original(7, { name: 'info_0000000007' });
    assert.deepEqual(pair([original(7), twin], []).create, []);
  });

  it('takes a mirror with another body away before it comes back', () => {
    const stale = mirror(7, { data: info('old') });
    assert.deepEqual(pair([original(7)], [stale]), { remove: [nameOf(7)], create: [], unmirrored: [] });
  });

  it('keeps the counter above every number that source has handed out', () => {
    assert.equal(highestNumber([nameOf(41), 'log_replicas'], { cversion: 7, numChildren: 1 }), 41);
    assert.equal(highestNumber([], { cversion: 84, numChildren: 0 }), 41);
    assert.equal(highestNumber([], { cversion: 0, numChildren: 0 }), -1);
    assert.equal(isFarEnough(raisedCounter(41), 41), true);
    assert.equal(isFarEnough(141, 41), false);
    assert.equal(isFarEnough(142, 41), true);
  });
});
