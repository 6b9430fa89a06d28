import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Replica } from '../../lab/mesos/zk/replica.js';

describe('a replica of the miniature’s registry', () => {
  let dir = '';

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'zkferry-replica-'));
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  const entry = (proposal: number, value: string): { position: number; proposal: number; value: string } => ({
    position: 1,
    proposal,
    value,
  });

  it('gives no word that counts before it votes', () => {
    const replica = new Replica(dir);
    assert.equal(replica.status, 'EMPTY');
    assert.equal(replica.promise(1).ignored, true);
    assert.equal(replica.write(entry(1, 'x')).ignored, true);
    assert.equal(replica.recover().entry.value, null);
  });

  it('grants only proposals above every earlier one', () => {
    const replica = new Replica(dir);
    replica.vote();
    assert.equal(replica.promise(5).okay, true);
    assert.deepEqual(
      [replica.promise(5), replica.promise(4)].map(({ okay, promised }) => [okay, promised]),
      [
        [false, 5],
        [false, 5],
      ],
    );
  });

  it('refuses a write below its promise and takes one at or above it', () => {
    const replica = new Replica(dir);
    replica.vote();
    replica.promise(5);
    assert.equal(replica.write(entry(4, 'stale')).okay, false);
    assert.equal(replica.write(entry(5, 'own')).okay, true);
    assert.equal(replica.write(entry(7, 'newer')).okay, true);
    assert.equal(replica.promise(6).okay, false);
  });

  it('keeps promise, entry and vote across a restart', () => {
    const replica = new Replica(dir);
    replica.vote();
    replica.promise(5);
    replica.write(entry(5, 'kept'));
    const again = new Replica(dir);
    assert.equal(again.status, 'VOTING');
    assert.equal(again.promise(5).okay, false);
    assert.deepEqual(again.promise(6).entry, entry(5, 'kept'));
  });
});
