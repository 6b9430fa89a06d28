import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveZkUrl } from '../../lab/mesos/zk/zk-url.js';

describe('the master URL as the miniature Mesos reads it', () => {
  it('takes the path from the first slash after the servers', () => {
    assert.deepEqual(resolveZkUrl('zk://a:2181,b:2182/deep/mesos'), {
      servers: [
        { address: 'a', port: 2181 },
        { address: 'b', port: 2182 },
      ],
      path: '/deep/mesos',
      credentials: null,
    });
  });

  it('ends the credentials at the last @', () => {
    const { credentials, servers } = resolveZkUrl('zk://user:p@ss@a:2181/mesos');
    assert.equal(credentials, 'user:p@ss');
    assert.deepEqual(servers, [{ address: 'a', port: 2181 }]);
  });

  it('drops one trailing slash, no more', () => {
    assert.equal(resolveZkUrl('zk://a:2181/mesos/').path, '/mesos');
    assert.equal(resolveZkUrl('zk://a:2181/mesos//').path, '/mesos/');
  });

  it('refuses the root path, a missing path and other schemes', () => {
    assert.throws(() => resolveZkUrl('zk://a:2181/'), /chroot/);
    assert.throws(() => resolveZkUrl('zk://a:2181'), /chroot/);
    assert.throws(() => resolveZkUrl('http://a/mesos'), /Expecting 'zk:\/\/'/);
  });

  it('uses ZooKeeper’s port where none is given', () => {
    assert.deepEqual(resolveZkUrl('zk://a/mesos').servers, [{ address: 'a', port: 2181 }]);
  });

  it('reads a file once, when it is asked, and ignores space around the text', () => {
    const dir = mkdtempSync(join(tmpdir(), 'zkferry-url-'));
    try {
      const file = join(dir, 'zk');
      writeFileSync(file, ' zk://a:2181/mesos \n');
      const url = resolveZkUrl(`file://${file}`);
      writeFileSync(file, 'zk://b:2181/mesos\n');
      assert.equal(url.servers[0]?.address, 'a');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('names the file that it cannot read', () => {
    assert.throws(() => resolveZkUrl('file:///no/such/zk'), /Failed to read from file at '\/no\/such\/zk'/);
  });
});
