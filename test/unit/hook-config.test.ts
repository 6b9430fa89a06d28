import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import { realPorts } from '../../src/worker.js';
import { fixturePath } from './fixture-path.js';

const minimal = readFileSync(fixturePath('minimal-cluster.yaml'), 'utf8');
const withHook = (hook: string) => minimal.replace('policy: {}', `policy:\n  hooks:\n    - ${hook}`);

function faultsOf(hook: string): string[] {
  const loaded = parseConfig(withHook(hook), '/srv/ferry/cluster.yaml');
  return loaded.ok ? [] : loaded.errors.map(({ path, message }) => `${path}: ${message}`);
}

describe('hooks in the config', () => {
  it('are read with their defaults, references resolved against the folder of the config', () => {
    const loaded = parseConfig(
      withHook(
        "{ on: [waiting, done], webhook: 'https://chat.example/x', headers: { Authorization: file:chat.token } }",
      ) +
        '    - { on: [before-window], command: [/bin/may-open, --now], timeout: 30s }\n' +
        '    - { on: [incident], webhook: file:secret.url }\n',
      '/srv/ferry/cluster.yaml',
    );
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.deepEqual(loaded.config.policy.hooks, [
      {
        on: ['waiting', 'done'],
        run: {
          kind: 'webhook',
          url: 'https://chat.example/x',
          headers: { Authorization: 'file:/srv/ferry/chat.token' },
        },
        timeoutMs: 5_000,
      },
      { on: ['before-window'], run: { kind: 'command', argv: ['/bin/may-open', '--now'] }, timeoutMs: 30_000 },
      { on: ['incident'], run: { kind: 'webhook', url: 'file:/srv/ferry/secret.url', headers: {} }, timeoutMs: 5_000 },
    ]);
    assert.ok(parseInput(loaded.raw).ok, 'what zkferry input prints is accepted again');
  });

  it('name only secrets that the worker was started to give to webhooks, or a migration is refused at its start', () => {
    const loaded = parseConfig(
      withHook("{ on: [done], webhook: 'env:URL', headers: { A: 'file:/x/../etc/token', B: env:TOKEN } }"),
      '/srv/ferry/cluster.yaml',
    );
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const refused = (hookSecrets: readonly string[]): readonly string[] => {
      const verdict = realPorts(undefined, undefined, { hookSecrets }).parseInput(loaded.raw);
      return verdict.ok ? [] : verdict.errors.map(({ path, message }) => `${path}: ${message}`);
    };
    assert.deepEqual(refused(['env:URL', 'env:TOKEN', 'file:/etc/token']), []);
    assert.equal(refused([]).length, 3);
    const [first = '', ...more] = refused(['env:URL', 'file:/etc/token', 'env:TOKE']);
    assert.match(first, /^policy\.hooks\[0\]\.headers\.B: .*env:TOKEN.*--hook-secrets env:TOKEN/);
    assert.deepEqual(more, []);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{ on: [done] }', /hooks\[0\]: needs either command or webhook/],
    ['{ on: [], command: [/bin/x] }', /hooks\[0\]\.on: needs at least one event/],
    ['{ on: [finished], command: [/bin/x] }', /hooks\[0\]\.on\[0\]: must be one of .*before-window/],
    ['{ on: [done], command: [notify] }', /hooks\[0\]\.command\[0\]: must be an absolute path/],
    ["{ on: [done], command: [/x], webhook: 'https://h/' }", /hooks\[0\]\.webhook: must not stand beside command/],
    ['{ on: [done], command: [/x], headers: { A: env:B } }', /hooks\[0\]\.headers: belongs to a webhook/],
    ['{ on: [done], webhook: ftp://h/ }', /hooks\[0\]\.webhook: must be an http or https URL/],
    ['{ on: [done], command: [/x], timeout: 0s }', /hooks\[0\]\.timeout: must be longer than 0/],
    ['{ on: [done], command: [/x], timeout: 10m }', /hooks\[0\]\.timeout: must be at most 5m/],
    ['{ on: [done], command: [/x], retries: 3 }', /hooks\[0\]\.retries/],
  ];
  for (const [hook, fault] of wrong) {
    it(`refuses ${hook}`, () => assert.match(faultsOf(hook).join('\n'), fault));
  }

  it('never repeats a secret that was written where a reference or a plain URL belongs', () => {
    for (const hook of [
      "{ on: [done], webhook: 'https://h/', headers: { Authorization: 'Bearer S3CRET' } }",
      "{ on: [done], webhook: 'https://u:S3CRET@h/' }",
    ]) {
      const faults = faultsOf(hook).join();
      assert.ok(faults !== '' && !faults.includes('S3CRET'), faults);
    }
  });

  it('must name absolute paths where no folder is known', () => {
    const loaded = parseConfig(withHook('{ on: [done], webhook: file:secret.url }'), '/srv/ferry/cluster.yaml');
    assert.ok(loaded.ok);
    const policy = { ...loaded.raw.policy, hooks: [{ on: ['done'], webhook: 'file:secret.url' }] };
    const verdict = parseInput({ ...loaded.raw, policy });
    assert.ok(!verdict.ok);
    assert.deepEqual(
      verdict.errors.map(({ path, message }) => `${path}: ${message}`),
      ['policy.hooks[0].webhook: must name an absolute path'],
    );
  });
});
