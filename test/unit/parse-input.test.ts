import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { SAMPLE_CONFIG } from '../../src/cli/sample-config.js';
import { parseConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import { configJsonSchema } from '../../src/config/shape.js';
import { refuseSetPace } from '../../src/domain/operator-rules.js';
import { fixturePath } from './fixture-path.js';

const minimal = readFileSync(fixturePath('minimal-cluster.yaml'), 'utf8');

describe('parseInput', () => {
  it('gives the same config as the file from which the input was printed', () => {
    for (const text of [minimal, SAMPLE_CONFIG]) {
      const loaded = parseConfig(text, '/srv/ferry/cluster.yaml');
      assert.ok(loaded.ok);
      assert.deepEqual(parseInput(JSON.parse(JSON.stringify(loaded.raw))), { ok: true, config: loaded.config });
    }
  });

  it('names every error with its path', () => {
    const verdict = parseInput({ ...(parse(minimal) as object), cluster: 'A', mastres: [] });
    assert.ok(!verdict.ok);
    assert.deepEqual(
      verdict.errors.map(({ path }) => path),
      ['cluster', 'mastres'],
    );
    assert.match(verdict.errors[1]?.message ?? '', /did you mean masters/);
  });

  it('wants no larger batch than a person may set on the way', () => {
    const batch = (maxBatch: number) => parseInput({ ...(parse(minimal) as object), policy: { maxBatch } });
    assert.ok(batch(200).ok);
    const verdict = batch(201);
    assert.ok(!verdict.ok);
    assert.match(
      verdict.errors.map(({ path, message }) => `${path} ${message}`).join(),
      /^policy.maxBatch .*at most 200/,
    );
    assert.match(refuseSetPace({ by: 'ann', batch: 201 }) ?? '', /from 1 to 200/);
    assert.equal(refuseSetPace({ by: 'ann', batch: 200 }), null);
  });

  it('wants absolute paths, since no folder of the worker is meant', () => {
    const verdict = parseInput(parse(minimal.replace('/etc/ssh/ssh_known_hosts', 'known_hosts')));
    assert.deepEqual(verdict, {
      ok: false,
      errors: [{ path: 'ssh.knownHosts', message: 'must name an absolute path' }],
    });
  });

  it('survives any JSON', () => {
    for (const input of [null, 1, 'x', [], {}, { source: [] }, { masters: { a: 1 } }, { agents: null, policy: 7 }]) {
      assert.equal(parseInput(input).ok, false, JSON.stringify(input));
    }
  });
});

describe('the JSON Schema', () => {
  const validate = new Ajv2020({ strict: false }).compile(configJsonSchema());

  it('accepts what zkferry accepts', () => {
    for (const text of [minimal, SAMPLE_CONFIG]) assert.ok(validate(parse(text)), JSON.stringify(validate.errors));
  });

  it('refuses unknown keys, missing keys and bare numbers for durations', () => {
    const base = parse(minimal) as Record<string, unknown>;
    assert.equal(validate({ ...base, extra: 1 }), false);
    assert.equal(validate({ ...base, ssh: undefined }), false);
    assert.equal(validate({ ...base, policy: { soak: 600 } }), false);
  });

  it('describes every top-level key', () => {
    for (const [key, property] of Object.entries(configJsonSchema().properties ?? {})) {
      assert.equal(typeof property['description'], 'string', key);
    }
  });
});
