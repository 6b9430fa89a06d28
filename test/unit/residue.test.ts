import assert from 'node:assert/strict';
import { residue, writes, type FileEntry, type Snapshot, type ZnodeEntry } from '../../lab/judge/residue.js';

describe('what a migration leaves behind', () => {
  const file: FileEntry = { kind: 'file', mode: '644 0:0', content: 'a', changedMs: 1 };
  const parent: ZnodeEntry = { data: 'empty', acl: 'world:anyone:31', ephemeral: false, stamp: '1/0/0/2' };
  const contender: ZnodeEntry = { ...parent, data: 'master1', ephemeral: true };
  const before: Snapshot = {
    files: new Map([['master1:/etc/mesos/zk', file]]),
    units: new Map([['master1 mesos-master.service', 'enabled, active, drop-ins: none']]),
    znodes: new Map([
      ['source:/mesos', parent],
      ['source:/mesos/json.info_0000000000', contender],
    ]),
    mayStay: ['target:/mesos', 'target:/mesos/log_replicas'],
  };
  const withFile = (path: string, entry: FileEntry): Snapshot => ({
    ...before,
    files: new Map([...before.files, [path, entry]]),
  });
  const withZnode = (path: string, entry: ZnodeEntry): Snapshot => ({
    ...before,
    znodes: new Map([...before.znodes, [path, entry]]),
  });

  it('is nothing when nothing has changed', () => {
    assert.deepEqual(residue(before, before), []);
    assert.deepEqual(writes(before, before), []);
  });

  it('names files that are new, gone, or other than before in bytes or mode', () => {
    assert.deepEqual(residue(before, withFile('agent1:/var/lib/zkferry', { ...file, kind: 'folder' })), [
      'new: agent1:/var/lib/zkferry',
    ]);
    assert.match(residue(before, { ...before, files: new Map() }).join(), /^gone: master1:\/etc\/mesos\/zk$/);
    for (const change of [{ content: 'b' }, { mode: '600 0:0' }]) {
      const after = withFile('master1:/etc/mesos/zk', { ...file, ...change });
      assert.match(residue(before, after).join(), /^changed: master1:\/etc\/mesos\/zk/);
    }
  });

  it('names a unit that is down, held by a drop-in, or no longer enabled', () => {
    for (const unit of ['enabled, inactive, drop-ins: none', 'disabled, active, drop-ins: none']) {
      const after = { ...before, units: new Map([['master1 mesos-master.service', unit]]) };
      assert.match(residue(before, after).join(), /^changed: master1 mesos-master\.service/);
    }
  });

  it('names persistent znodes and changed ACLs, a closed door among them', () => {
    const lock = withZnode('source:/zkferry-lab', parent);
    assert.deepEqual(residue(before, lock), ['new: source:/zkferry-lab']);
    const door = withZnode('source:/mesos', { ...parent, acl: 'world:anyone:27' });
    assert.match(residue(before, door).join(), /^changed: source:\/mesos: .*27/);
  });

  it('lets masters stand again under other names, but no fewer and no more of them', () => {
    const parents = [...before.znodes].filter(([, { ephemeral }]) => !ephemeral);
    const again: Snapshot = {
      ...before,
      znodes: new Map([...parents, ['source:/mesos/json.info_0000000007', { ...contender, data: 'anew' }]]),
    };
    assert.deepEqual(residue(before, again), []);
    assert.deepEqual(residue(before, { ...before, znodes: new Map(parents) }), [
      'gone: ephemeral znodes beneath source:/mesos',
    ]);
    assert.match(
      residue(before, withZnode('source:/mesos/json.info_0000000007', contender)).join(),
      /beneath source:\/mesos: 1 → 2/,
    );
  });

  it('accepts empty parents in target, and only while they are empty', () => {
    const parents: [string, ZnodeEntry][] = before.mayStay.map((path) => [path, parent]);
    const empty = { ...before, znodes: new Map([...before.znodes, ...parents]) };
    assert.deepEqual(residue(before, empty), []);
    const full = { ...empty, znodes: new Map([...empty.znodes, ['target:/mesos/mirror', parent]]) };
    assert.deepEqual(residue(before, full), ['new: target:/mesos', 'new: target:/mesos/mirror']);
  });

  it('shows every trace of a write where there must be none, even of one that was undone', () => {
    const touched = withFile('master1:/etc/mesos/zk', { ...file, changedMs: 2 });
    assert.deepEqual(residue(before, touched), []);
    assert.equal(writes(before, touched).length, 1);
    const childCameAndWent = withZnode('source:/mesos', { ...parent, stamp: '1/0/0/4' });
    assert.deepEqual(residue(before, childCameAndWent), []);
    assert.equal(writes(before, childCameAndWent).length, 1);
  });
});
