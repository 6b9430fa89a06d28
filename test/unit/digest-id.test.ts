import assert from 'node:assert/strict';
import { digestId, mayDelete } from '../../src/domain/digest-id.js';

const ALL = 31;
const READ = 1;
const anyone = { scheme: 'world', id: 'anyone' };
const digest = (id: string, permissions = ALL) => ({ permissions, scheme: 'digest', id });

describe('who may delete under a znode', () => {
  const [own, other] = ['mesos:otter', 'mesos:beaver'];

  it('is whom its ACL names, or anybody', () => {
    assert.equal(mayDelete([{ permissions: READ, ...anyone }, digest(digestId(own))], own), true);
    assert.equal(mayDelete([{ permissions: ALL, ...anyone }], null), true);
  });

  it('is not another user, or the same one with another password, or nobody at all', () => {
    const acl = [{ permissions: READ, ...anyone }, digest(digestId(own))];
    assert.equal(mayDelete(acl, other), false);
    assert.equal(mayDelete(acl, null), false);
    assert.equal(mayDelete([digest(digestId(own), READ)], own), false);
  });

  it('is not whom a server hides the hash from, since it hides none from an administrator', () => {
    assert.equal(mayDelete([digest('mesos:x')], other), false);
    assert.equal(mayDelete([digest('mesos:x', ALL & ~16)], own), true, 'no administrator: it may be ours');
  });

  it('is not denied where it cannot be told: other schemes, other digests, the super user', () => {
    assert.equal(mayDelete([{ permissions: ALL, scheme: 'sasl', id: 'mesos' }], null), true);
    assert.equal(mayDelete([digest('mesos:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')], other), true);
    assert.equal(mayDelete([digest(digestId(own))], 'super:user'), true);
  });
});
