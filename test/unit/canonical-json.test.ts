import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalJson, planHash } from '../../src/domain/canonical-json.js';

describe('planHash', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(planHash(reversed(value)), planHash(value));
      }),
    );
  });

  it('differs when the value does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        fc.pre(canonicalJson(a) !== canonicalJson(b));
        assert.notEqual(planHash(a), planHash(b));
      }),
    );
    assert.notEqual(planHash({ agents: ['a', 'b'] }), planHash({ agents: ['b', 'a'] }));
  });

  it('is sha256 in lower-case hex of JSON without space', () => {
    assert.equal(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined }), '{"b":[1,{"c":"x","d":null}]}');
    assert.equal(planHash({}), '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}
