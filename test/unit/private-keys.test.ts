import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { PrivateKeys } from '../../src/adapters/private-keys.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import { LoginRefusedError } from '../../src/domain/host-errors.js';
import { aConfig } from '../fakes/plans.js';

const PASSPHRASE = 'Correct "horse" & <staple>';
const RIGHT = { passphrase: PASSPHRASE, cipher: 'aes256-ctr', rounds: 2 };

describe('private keys', () => {
  const made = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, ...RIGHT });
  const text = Buffer.from(made.private);

  it('are decrypted once, however often they are asked for', () => {
    const keys = new PrivateKeys();
    const key = keys.parse(text, PASSPHRASE);
    assert.equal(key?.type, 'ecdsa-sha2-nistp256');
    assert.equal(keys.parse(Buffer.from(made.private), PASSPHRASE), key);
  });

  it('are none without the right passphrase, and where the file holds something else', () => {
    const keys = new PrivateKeys();
    assert.equal(keys.parse(text, 'another'), null);
    assert.equal(keys.parse(text, null), null);
    assert.equal(keys.parse(Buffer.from(made.public), null), null);
    assert.equal(keys.parse(Buffer.from('nothing'), null), null);
    assert.notEqual(keys.parse(text, PASSPHRASE), null);
  });
});

describe('a login that comes to nothing', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'zkferry-login-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('names the file, and neither passphrase nor key', async () => {
    const { private: key } = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, ...RIGHT });
    const file = join(folder, 'key');
    writeFileSync(file, key);
    const shell = new SshShell(() => Promise.resolve('the-wrong-one'));
    const config = aConfig(2);
    const [host] = config.masters;
    assert.ok(host);
    const ssh = { ...config.ssh, identity: `file:${file}`, passphrase: 'env:PASS' };
    const script = { name: 'x', text: 'true', detached: false, timeoutMs: 1_000 };
    await assert.rejects(shell.run(host, ssh, script, new AbortController().signal), (error) => {
      assert.ok(error instanceof LoginRefusedError);
      const told = `${error.message} ${error.remedy} ${error.stack ?? ''} ${JSON.stringify(error)}`;
      assert.ok(told.includes(file));
      for (const secret of ['the-wrong-one', ...key.split('\n').slice(1, -2)]) assert.ok(!told.includes(secret));
      return true;
    });
  });
});
