import { loadClientConnectConfig } from '@temporalio/envconfig';
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';
import { readPage } from '../docs/markdown.js';

const root = repositoryRoot();
const page = readPage('docs/security.md');
const block = (language: string): string => page.blocks.find((one) => one.language === language)?.text ?? '';

describe('the page on security', () => {
  it('names every systemctl verb that host scripts use, and no other', () => {
    const scripts = readdirSync(join(root, 'activities'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(root, 'activities', file), 'utf8'))
      .join('\n');
    const used = new Set([...scripts.matchAll(/\bsystemctl ([a-z][a-z-]*)\b(?! is missing)/g)].map(([, verb]) => verb));
    // Of sentences about it.
    for (const word of ['and', 'is']) used.delete(word);
    const item = /^- `systemctl` with ([^;]+);/m.exec(page.text)?.[1] ?? '';
    assert.deepEqual([...item.matchAll(/`([a-z-]+)`/g)].map(([, verb]) => verb).sort(), [...used].sort());
  });

  it('lets sudo run exactly what is sent to a host', () => {
    const shell = readFileSync(join(root, 'src/adapters/ssh-shell.ts'), 'utf8');
    const [, allowed = ''] = /NOPASSWD: (.+) \*$/m.exec(block('sudoers')) ?? [];
    const entries = [...shell.matchAll(/^const (?:ATTACHED|DETACHED) = `exec (.+?) \$\{shq\(/gm)].map(
      ([, start]) => start,
    );
    assert.deepEqual(entries, [allowed, allowed]);
    assert.ok(
      shell.includes("sudo ? `sudo -n -- ${command.replace(/^exec /, '')}`"),
      'the command is sent through sudo -n',
    );
  });

  it('shows a profile that the Temporal SDK reads as told', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zkferry-profile-'));
    try {
      const files = ['temporal.crt', 'temporal.key', 'temporal-ca.crt'].map((name) => join(folder, name));
      for (const file of files) writeFileSync(file, file);
      const toml = block('toml').replaceAll('/etc/zkferry', folder);
      const { connectionOptions, namespace } = loadClientConnectConfig({
        profile: 'production',
        configSource: { data: Buffer.from(toml) },
        overrideEnvVars: {},
      });
      assert.equal(namespace, 'zkferry');
      assert.equal(connectionOptions.address, 'temporal.example.net:7233');
      const { tls } = connectionOptions;
      assert.ok(typeof tls === 'object' && tls !== null);
      assert.equal(Buffer.from(tls.clientCertPair?.crt ?? '').toString(), files[0]);
      assert.equal(Buffer.from(tls.clientCertPair?.key ?? '').toString(), files[1]);
      assert.equal(Buffer.from(tls.serverRootCACertificate ?? '').toString(), files[2]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names variables that the Temporal SDK reads', () => {
    const read = readdirSync(join(root, 'node_modules/@temporalio/envconfig/src'))
      .map((file) => readFileSync(join(root, 'node_modules/@temporalio/envconfig/src', file), 'utf8'))
      .join('\n');
    const named = [...page.text.matchAll(/`(TEMPORAL_[A-Z_]+)`/g)].map(([, name = '']) => name);
    assert.deepEqual(
      named.filter((name) => !read.includes(name)),
      [],
    );
    assert.ok(named.length >= 8);
  });
});
