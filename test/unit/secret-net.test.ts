import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { markup } from '../../src/report/markup.js';
import { shq } from '../../src/domain/shell-quote.js';
import { formsOf, SecretNet } from '../leaks/net.js';

const SECRET = `Correct "horse" & <staple>\\ 'bättery' +%9`;

describe('the net for secrets', () => {
  const net = new SecretNet();
  net.add('the passphrase', SECRET);
  net.add('the login', 'mesos:Otter+37%25=Kelp~9xQ');

  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const WAYS: Readonly<Record<string, (secret: string) => string>> = {
    'as it is': (secret) => `before ${secret} after`,
    'in JSON': (secret) => JSON.stringify({ a: [`x ${secret}`] }),
    'in JSON in JSON': (secret) => JSON.stringify({ a: JSON.stringify({ b: secret }) }),
    'in HTML': (secret) => markup`<p title="${secret}">`.text,
    'in a shell word': (secret) => `password=${shq(secret)}`,
    'in a URL': (secret) => `http://h/?p=${encodeURIComponent(secret)}&q=1`,
    'in a form': (secret) => new URLSearchParams({ a: secret, b: '1' }).toString(),
    'in hex': (secret) => `00${Buffer.from(secret).toString('hex')}ff`,
    'in capital hex': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
    'in bytes that are read one by one': (secret) => Buffer.from(`\u0000${secret}\u0001`).toString('latin1'),
    'in base64 at the beginning': (secret) => base64(secret),
    'in base64 behind one byte': (secret) => base64(`a${secret} and more`),
    'in base64 behind two bytes': (secret) => base64(`ab${secret}`),
    'in base64 that is folded': (secret) => base64(`${'x'.repeat(50)}${secret}`).replaceAll(/.{76}/g, '$&\n'),
    'in base64 for URLs': (secret) => Buffer.from(`?>~${secret}?>~`).toString('base64url'),
    'in base64 as a payload of a history': (secret) => JSON.stringify({ data: base64(JSON.stringify({ secret })) }),
    'in base64 in JSON in base64': (secret) => base64(JSON.stringify({ text: base64(`x\n${secret}\n`) })),
  };

  for (const [way, write] of Object.entries(WAYS)) {
    it(`finds one ${way}`, () => {
      assert.match(net.found(write(SECRET)).join(), /^the passphrase/);
      assert.match(net.found(write('mesos:Otter+37%25=Kelp~9xQ')).join(), /the login/);
    });
  }

  it('finds nothing where nothing is, nor a part of one', () => {
    const innocent = ['mesos', SECRET.slice(2), base64('nothing to see'), gzipSync('x').toString('base64'), ''];
    for (const text of innocent) assert.deepEqual(net.found(text), [], text);
    // The digest that an ACL shows is none of its forms.
    assert.deepEqual(net.found('mesos:k8pPzJ0GDkEbYvGAQ3rPqCqR1Yw='), []);
  });

  it('looks for each line of a key', () => {
    const keys = new SecretNet();
    keys.addKey(
      'the key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAfirstline\nBBBBsecondline\n-----END OPENSSH PRIVATE KEY-----\n',
    );
    assert.deepEqual(keys.names, ['the key, line 1', 'the key, line 2']);
    assert.match(keys.found('… BBBBsecondline …').join(), /line 2/);
  });

  it('refuses what is too short to mean anything', () => {
    assert.throws(() => net.add('a pin', '1234'), RangeError);
  });

  it('knows a text in base64 wherever it stands', () => {
    for (let before = 0; before < 6; before += 1) {
      for (let after = 0; after < 3; after += 1) {
        const text = base64(`${'x'.repeat(before)}${SECRET}${'y'.repeat(after)}`);
        const form = `in base64 behind ${String(before % 3)} bytes`;
        assert.ok(text.includes(formsOf(SECRET).get(form) ?? '?'), `${form}, ${String(after)} after`);
      }
    }
  });
});
