import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { MockActivityEnvironment } from '@temporalio/testing';
import { failureInterceptor, hidingBy } from '../../activities/interceptor.js';
import { surveyAll } from '../../activities/planning/survey.js';
import type { Ports } from '../../activities/ports.js';
import { beating, scope } from '../../activities/reach/scope.js';
import { printError } from '../../src/cli/output.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { parseConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import { payloadKeys } from '../../src/config/payload-keys.js';
import { HostStepError } from '../../src/domain/host-errors.js';
import { Redactor } from '../../src/domain/redact.js';
import { aConfig } from '../fakes/plans.js';
import { fixturePath } from './fixture-path.js';

const SECRET = 'hunter2swordfish';
const minimal = readFileSync(fixturePath('minimal-cluster.yaml'), 'utf8');

describe('an error about a config', () => {
  // Every way in which YAML takes a text that begins or ends with a character of its own.
  const written = [
    ...['X', '"X', '"X"', "'X", '*X', '&X', '!X', '!!X', '!<X', '%X', '@X', '`X', '{X', '[X', ']X', '}X', '- X', ': X'],
    ...['| X', '> X', '|X', '>X', '|-X', '#X', '\tX', 'ferry:X', 'ferry: X', '"ferry:X" X', "'a' X", 'X\\', '"\\X"'],
    ...['"\\uX"', '"\\xX"', '\nX', '\n X', '\n- X', '\n]X', '\n}X', '\n@X', '\n--- X', '\n... X', '\n%YAML X', '*X y'],
    ...['!!int X', '!!binary X', '&X *X', 'a: b: X', 'zk://ferry:X@h/p', 'https://u:X@h/', 'X: X', '<<: X', '"X\n'],
  ];
  const places = [
    'credentials:\n  source: @\n',
    'credentials:\n  source: ferry:@\n',
    'policy:\n  hooks:\n    - on: [done]\n      webhook: https://h/x\n      headers:\n        Authorization: @\n',
  ];

  it('never repeats a value, however it breaks the YAML', () => {
    let refused = 0;
    for (const place of places) {
      for (const form of written) {
        const value = form.replaceAll('X', SECRET);
        const text = minimal.replace(/^policy: .*\n/m, '') + place.replace('@', value);
        const loaded = parseConfig(text, 'cluster.yaml');
        if (loaded.ok) continue;
        refused += 1;
        for (const { message, suggestion = '' } of loaded.errors) {
          // Of a key that nobody knows the name is said: it is what is wrong.
          const said = `${message} ${suggestion}`.replaceAll(/unknown key "[^"]*"/g, '');
          assert.ok(!/hunter|swordfish/.test(said), `${JSON.stringify(place.replace('@', form))}: ${said}`);
        }
      }
    }
    assert.ok(refused > 100, `${String(refused)} texts were refused`);
  });

  it('still says what is wrong with the YAML', () => {
    const loaded = parseConfig(`${minimal}credentials:\n  source: |${SECRET}\n`, 'cluster.yaml');
    assert.ok(!loaded.ok);
    assert.equal(loaded.errors[0]?.message, 'YAML: Block scalar header includes extra characters');
  });

  const secretPlaces: readonly (readonly [path: string, value: unknown])[] = [
    ['ssh.identity', `-----BEGIN OPENSSH PRIVATE KEY-----\n${SECRET}`],
    ['ssh.passphrase', SECRET],
    ...['source', 'target', 'mesos', 'publisher'].map((name) => [`credentials.${name}`, `ferry:${SECRET}`] as const),
    ['policy.hooks', [{ on: ['done'], webhook: 'https://h/x', headers: { Authorization: `Bearer ${SECRET}` } }]],
    ['policy.hooks', [{ on: ['done'], webhook: `https://user:${SECRET}@h/x` }]],
  ];
  for (const [path, value] of secretPlaces) {
    it(`refuses a secret in place of a reference at ${path}, and does not repeat it`, () => {
      const [section = '', field = ''] = path.split('.');
      const raw = parse(minimal) as Record<string, Record<string, unknown>>;
      const input = { ...raw, [section]: { ...raw[section], [field]: value } };
      for (const verdict of [parseInput(input), parseConfig(JSON.stringify(input), '/c/cluster.yaml')]) {
        assert.ok(!verdict.ok);
        assert.match(verdict.errors.map((error) => error.path).join(), new RegExp(path.replace('.', '\\.')));
        assert.doesNotMatch(JSON.stringify(verdict), new RegExp(SECRET));
      }
    });
  }
});

describe('an error of an activity', () => {
  const redactor = new Redactor();
  redactor.learn(`ferry:${SECRET}`);

  async function thrown(error: Error): Promise<string> {
    const { execute } = failureInterceptor(redactor)().inbound;
    assert.ok(execute);
    const failure: unknown = await execute({ args: [], headers: {} }, () => Promise.reject(error)).then(
      () => assert.fail('nothing was thrown'),
      (cause: unknown) => cause,
    );
    const { message, stack, details } = failure as { message: string; stack: string; details: unknown };
    return JSON.stringify({ message, stack, details });
  }

  it('holds no secret that the worker knows, whoever wrote the message', async () => {
    for (const text of [`login as ferry:${SECRET} failed`, `bad header ${SECRET}`, `zk://ferry:${SECRET}@h:1/m`]) {
      for (const error of [new TypeError(text), new HostStepError('h1', 'step', text, true, `mend ${text}`)]) {
        const told = await thrown(error);
        assert.ok(!told.includes(SECRET), told);
        assert.match(told, /\*\*\*/);
      }
    }
  });

  it('is hidden in heartbeats, too, the last of which history keeps', async () => {
    const beats: unknown[] = [];
    const env = new MockActivityEnvironment();
    env.on('heartbeat', (beat) => beats.push(beat));
    const tell = () => Promise.resolve(scope().heartbeat(`h1: zk://ferry:else@h:1/m said ${SECRET}`));
    await env.run(() => beating('step', tell, hidingBy(redactor)));
    assert.deepEqual(beats, ['h1: zk://***@h:1/m said ***']);
  });

  it('keeps host and words as they are', async () => {
    const told = await thrown(new HostStepError('h1', 'step', 'ssh.passphrase: nothing there', true));
    assert.match(told, /"host":"h1"/);
    assert.match(told, /ssh\.passphrase: nothing there/);
  });

  it('is no way for a password into the findings of a survey', async () => {
    const leaky = () => Promise.reject(new Error(`cannot read zk://ferry:${SECRET}@h:2181/mesos`));
    const nothing = new Proxy({}, { get: () => leaky });
    const ports = { probe: nothing, store: nothing, mesos: nothing, shell: nothing, secrets: resolveSecret };
    const { failures } = await surveyAll(ports as unknown as Ports, aConfig(2));
    assert.ok(failures.length > 5);
    assert.match(JSON.stringify(failures), /zk:\/\/\*\*\*@h:2181/);
    assert.doesNotMatch(JSON.stringify(failures), new RegExp(SECRET));
  });
});

describe('an error that the command line prints', () => {
  it('holds nothing that the environment calls a secret, as libraries quote what they refuse', () => {
    const lines: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.env['TEMPORAL_API_KEY'] = `${SECRET}\nx`;
    process.stderr.write = (text) => lines.push(String(text)) > 0;
    try {
      printError(new Error(`Metadata string value "Bearer ${SECRET}\nx" contains illegal characters`));
    } finally {
      process.stderr.write = write;
      delete process.env['TEMPORAL_API_KEY'];
    }
    assert.match(lines.join(''), /Metadata string value "Bearer \*\*\*" contains/);
  });

  it('does not repeat a payload key that stands where a reference belongs', async () => {
    for (const setting of [SECRET, `k1=${SECRET}`, `k1=file:/none,${SECRET}`]) {
      await assert.rejects(payloadKeys(setting), (error: Error) => !error.message.includes(SECRET));
    }
  });
});
