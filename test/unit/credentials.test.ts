import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSecret, SecretError } from '../../src/config/credentials.js';

describe('resolveSecret', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'zkferry-credentials-'))));
  after(() => {
    rmSync(folder, { recursive: true });
    delete process.env['ZKFERRY_TEST_SECRET'];
  });

  it('reads files and variables, trimmed, and leaves null alone', async () => {
    writeFileSync(join(folder, 'digest'), 'ferry:pass\n', { mode: 0o600 });
    process.env['ZKFERRY_TEST_SECRET'] = 'ferry:word';
    assert.equal(await resolveSecret(`file:${join(folder, 'digest')}`), 'ferry:pass');
    assert.equal(await resolveSecret('env:ZKFERRY_TEST_SECRET'), 'ferry:word');
    assert.equal(await resolveSecret(null), null);
  });

  it('names what is missing or empty', async () => {
    writeFileSync(join(folder, 'empty'), '\n');
    await assert.rejects(resolveSecret('env:ZKFERRY_TEST_MISSING'), /ZKFERRY_TEST_MISSING is not set/);
    await assert.rejects(resolveSecret(`file:${join(folder, 'empty')}`), /is empty/);
    await assert.rejects(resolveSecret(`file:${join(folder, 'none')}`), /ENOENT/);
  });

  it('does not repeat a secret given in place of a reference', async () => {
    await assert.rejects(
      resolveSecret('ferry:S3CRET'),
      (error) => error instanceof SecretError && !error.message.includes('S3CRET'),
    );
  });
});
