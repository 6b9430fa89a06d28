import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatMasterUrl,
  MasterUrlError,
  parseMasterUrl,
  MASTER_URL_WORD,
  redactUrl,
  sameServers,
} from '../../src/domain/master-url.js';

const server = fc.record(
  {
    address: fc.oneof(
      fc.ipV4(),
      fc.domain(),
      fc.ipV6().filter((ip) => /^[0-9a-f:]+$/i.test(ip)),
    ),
    port: fc.integer({ min: 1, max: 65_535 }),
  },
  { noNullPrototype: true },
);
const path = fc
  .array(fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/), { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join('/')}`);
const url = fc.record(
  {
    servers: fc.array(server, { minLength: 1, maxLength: 5 }),
    path,
    credentialsOf: fc.constant('source' as const),
  },
  { noNullPrototype: true },
);
const password = fc.stringMatching(/^[^\s/"\\]{1,20}$/);
const credentials = fc.option(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), password).map((pair) => pair.join(':')));

describe('master URL', () => {
  it('reads back what it wrote, credentials with @ and colons included', () => {
    fc.assert(
      fc.property(url, credentials, (given, secret) => {
        const read = parseMasterUrl(formatMasterUrl(given, secret));
        assert.deepEqual(read, { servers: given.servers, path: given.path, credentials: secret });
      }),
    );
  });

  it('trims space around the text and drops one trailing slash, as Mesos does', () => {
    assert.deepEqual(parseMasterUrl('  zk://a:1,b:2/mesos/\n'), {
      servers: [
        { address: 'a', port: 1 },
        { address: 'b', port: 2 },
      ],
      path: '/mesos',
      credentials: null,
    });
  });

  it('ends the credentials at the last @', () => {
    const read = parseMasterUrl('zk://ferry:p@ss@10.0.0.1:2181/mesos');
    assert.equal(read.credentials, 'ferry:p@ss');
    assert.deepEqual(read.servers, [{ address: '10.0.0.1', port: 2181 }]);
  });

  it('takes IPv6 with and without brackets', () => {
    const address = { address: 'fe80::1', port: 2181 };
    assert.deepEqual(parseMasterUrl('zk://[fe80::1]:2181/mesos').servers, [address]);
    assert.deepEqual(parseMasterUrl('zk://fe80::1:2181/mesos').servers, [address]);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', ' ', /empty/],
    ['another scheme', 'http://a:1/mesos', /zk:\/\//],
    ['a reference to a file', 'file:///etc/mesos/zk', /reference/],
    ['no server', 'zk:///mesos', /no server/],
    ['a server without a port', 'zk://a:1,b/mesos', /server 2 .*no port/],
    ['a port out of range', 'zk://a:65536/mesos', /between 1 and 65535/],
    ['an empty entry', 'zk://a:1,,b:2/mesos', /server 2/],
    ['no path', 'zk://a:1', /no path/],
    ['the path / alone', 'zk://a:1/', /refuses the root/],
    ['an empty part of the path', 'zk://a:1/mesos//x', /plain znode names/],
    ['two lines', 'zk://a:1/mesos\nzk://b:1/mesos', /several lines/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseMasterUrl(text),
        (error) => error instanceof MasterUrlError && message.test(error.message),
      );
    });
  }

  it('never repeats a password in an error, however broken the URL', () => {
    const broken = fc.constantFrom('a', 'a:x/m', 'a:1', 'a:1/', ',/m', 'a:1/m//n', 'a:99999/m', 'a b:1/m');
    const secret = fc.stringMatching(/^[A-Z0-9/@:,]{0,3}S3CRET[A-Z0-9/@:,]{0,3}$/);
    fc.assert(
      fc.property(secret, broken, (word, rest) => {
        try {
          parseMasterUrl(`zk://user:${word}@${rest}`);
        } catch (error) {
          assert.ok(error instanceof MasterUrlError);
          assert.ok(!error.message.includes('S3CRET'), error.message);
        }
      }),
    );
  });

  it('refuses to write credentials that Mesos would read as a path', () => {
    const plain = { servers: [{ address: 'a', port: 1 }], path: '/mesos', credentialsOf: 'source' } as const;
    for (const secret of ['user:pa/ss', 'user:pa ss', 'user', 'user:', 'user:a\nb']) {
      assert.throws(() => formatMasterUrl(plain, secret), MasterUrlError, secret);
    }
  });
});

describe('redactUrl', () => {
  it('looks once at a long text that begins URLs again and again', () => {
    const text = 'zk://'.repeat(13_108);
    assert.deepEqual(
      [...text.matchAll(MASTER_URL_WORD)].map(([word]) => word.length),
      [text.length],
    );
    assert.equal(redactUrl(text), text);
    assert.equal(redactUrl(`${text}u:p@h/m zk://h/n`), 'zk://***@h/m zk://h/n');
  });

  it('hides the credentials of every URL in a text and leaves the rest', () => {
    assert.equal(
      redactUrl('was "zk://u:p@a:1/m", is zk://u:p@ss@b:2/m now; zk://c:3/m stays'),
      'was "zk://***@a:1/m", is zk://***@b:2/m now; zk://c:3/m stays',
    );
  });

  it('lets no password survive in any text', () => {
    fc.assert(
      fc.property(fc.string(), password, fc.string(), (before, secret, after) => {
        fc.pre(secret.length >= 6 && !before.includes(secret) && !after.includes(secret));
        const hidden = redactUrl(`${before}zk://user:${secret}@host:2181/mesos ${after}`);
        assert.ok(!hidden.includes(`user:${secret}`), hidden);
      }),
    );
  });
});

describe('sameServers', () => {
  const of = (text: string) => parseMasterUrl(text);
  it('ignores order and case, but neither port nor number', () => {
    assert.ok(sameServers(of('zk://a:1,B:2/x'), of('zk://b:2,A:1/y')));
    assert.ok(!sameServers(of('zk://a:1,b:2/x'), of('zk://a:1,b:3/x')));
    assert.ok(!sameServers(of('zk://a:1,b:2/x'), of('zk://a:1/x')));
  });
});
