import fc from 'fast-check';
import assert from 'node:assert/strict';
import { workerLog } from '../../src/adapters/worker-log.js';
import { Redactor, SHAPES } from '../../src/domain/redact.js';

const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAkeymaterial\n-----END OPENSSH PRIVATE KEY-----';

describe('the redactor', () => {
  const redactor = new Redactor();
  redactor.learn('digestuser:digest-password');
  redactor.learn('key passphrase');
  redactor.learn(null);
  redactor.learnFrom({ TEMPORAL_API_KEY: 'tmprl-abcdef', HOME: '/root', PAGER_TOKEN: 'pager-123' });

  it('hides every value it was told, alone and inside of other text', () => {
    for (const secret of [
      'digestuser:digest-password',
      'digest-password',
      'key passphrase',
      'tmprl-abcdef',
      'pager-123',
    ]) {
      assert.ok(!redactor.text(`before ${secret} after`).includes(secret), secret);
    }
    assert.equal(redactor.text('the word digestuser stays, as does /root'), 'the word digestuser stays, as does /root');
  });

  it('hides a value in whatever form an answer that tells it has', () => {
    const token = 'Token whk_Vole+81/x"=&77';
    const one = new Redactor();
    one.learn(token);
    one.learn('https://hooks.example/services/T000/Marten-55-Sable');
    const told = JSON.stringify({ reason: `got ${token} at /services/T000/Marten-55-Sable` });
    for (const text of [told, JSON.stringify(told), `?t=${encodeURIComponent(token)}`, 'the hook Marten-55-Sable']) {
      assert.doesNotMatch(one.text(text), /Vole|Marten/, text);
    }
    one.learn('https://hooks.example/mesos');
    const plain = 'other services of T000, zk://h1:2181/mesos';
    assert.equal(one.text(plain), plain);
  });

  it('hides the token of a header alone, and of a basic one the login and the password that it says', () => {
    const one = new Redactor();
    const basic = (login: string) => Buffer.from(login).toString('base64');
    const login = 'hookuser:hook:pw-1';
    one.learn('Bearer abcd1234efgh');
    one.learn(`Basic ${basic(login)}`);
    one.learn(`Basic ${basic('key-alone:')}`);
    one.learn(`basic ${basic(':pw-alone')}`);
    one.learn('key passphrase');
    const secrets = ['abcd1234efgh', basic(login), login, 'hook:pw-1', 'key-alone', 'pw-alone'];
    for (const secret of secrets) assert.equal(one.text(`got <${secret}>`), 'got <***>', secret);
    assert.equal(one.text('hookuser has a passphrase'), 'hookuser has a passphrase');
  });

  it('hides each value in the query of a secret URL, and the password in it', () => {
    const one = new Redactor();
    one.learn('https://user:pw12%40x@hooks.example:8443/hook?token=abc12345&k=a%2Fb1&wait=true&format=json&n=7');
    one.learn('https://login-alone@hooks.example/hook');
    for (const secret of ['abc12345', 'a%2Fb1', 'a/b1', 'pw12%40x', 'pw12@x', 'login-alone'])
      assert.equal(one.text(`got <${secret}>`), 'got <***>', secret);
    const plain = 'true: hook 7 (json) of user at hooks.example:8443/hook';
    assert.equal(one.text(plain), plain);
  });

  it('hides a value in quotes, and one whose name has something before it', () => {
    const shapes: readonly (readonly [string, string])[] = [
      ['{"password":"x"}', '{"password":"***"}'],
      ['{"a":1,"api_key" : "x \\"y, z","b":"c"}', '{"a":1,"api_key" : "***","b":"c"}'],
      ['{"log":"{\\"secret\\":\\"x, y\\"}"}', '{"log":"{\\"secret\\":\\"***\\"}"}'],
      ["{'passwd': 'x'}", "{'passwd': '***'}"],
      ['password="x" user="u"', 'password="***" user="u"'],
      [`password='x y' user='u'`, `password='***' user='u'`],
      ['ZK_PASSWORD=x PGPASSWORD=y', 'ZK_PASSWORD=*** PGPASSWORD=***'],
      ['GET /login?access_token=x', 'GET /login?access_token=***'],
      ['zk://u:p@ss@h1:2181,h2:2181/mesos', 'zk://***@h1:2181,h2:2181/mesos'],
    ];
    for (const [text, clean] of shapes) assert.equal(redactor.text(text), clean);
    for (const text of [
      '{"password":null,"token":7,"secret":"","passphrase":"agent","credential":"file:/k"}',
      '{"password":"env:PW","secret":"file:/etc/k"}',
      '{"m":"wrong password:","n":["a secret=", "b"]}',
      'the passwords, a taskToken=1',
    ])
      assert.equal(redactor.text(text), text);
  });

  it('leaves JSON that it cleans JSON', () => {
    const bits = [...`"'\\\n =:,{}]@x7`, 'password', 'token', '://', 'bearer '];
    const text = fc.array(fc.constantFrom(...bits), { maxLength: 12 }).map((some) => some.join(''));
    const value = fc.oneof(
      text,
      fc.array(text),
      fc.dictionary(
        text,
        fc.oneof(
          text,
          text.map((inner) => JSON.stringify({ inner })),
          fc.integer(),
        ),
      ),
    );
    fc.assert(
      fc.property(value, (one) => {
        JSON.parse(redactor.text(JSON.stringify(one)));
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });

  it('looks through the whole of a long text from few places in it', () => {
    // No secret, until the text ends in what would make it one for whoever has looked that far.
    const hostile: readonly (readonly [string, string])[] = [
      ...['a.', 'a-', 'a+', 'zk://'].map((bit) => [bit, '://u:p@h'] as const),
      ['zk:', '//u:p@h'],
      ['-----BEGIN ', 'PRIVATE KEY-----'],
      ['-----BEGIN RSA ', 'PRIVATE KEY-----'],
      ...['basic', 'basic ', ' '].map((bit) => [bit, ' abcdefgh'] as const),
      ...['password', 'password ', 'a_', ' ', '\\', 'token" '].flatMap((bit) =>
        ['=x', '="x', '": "x'].map((end) => [bit, end] as const),
      ),
    ];
    for (const [bit, end] of hostile) {
      const text = bit.repeat(Math.ceil(65_536 / bit.length));
      for (const [shape] of SHAPES) {
        if (text.search(shape) >= 0) continue;
        const whole = text + end;
        const here = new RegExp(shape.source, `${shape.flags.replace('g', '')}y`);
        let looked = 0;
        for (let at = 0; at < text.length && looked <= 2 * whole.length; at += 1) {
          here.lastIndex = at;
          looked += here.exec(whole)?.[0].length ?? 0;
        }
        assert.ok(looked <= 2 * whole.length, `${JSON.stringify(bit)} is looked through again and again by ${shape}`);
      }
    }
  });

  it('hides by shape what nobody told it', () => {
    const shapes: readonly (readonly [string, string])[] = [
      ['zk://u:pw@h1:2181,h2:2181/mesos', 'u:pw'],
      ['https://u:pw@host/hook', 'u:pw'],
      ['Authorization: Bearer abcdefgh12345678', 'abcdefgh12345678'],
      ['password=hunter22 next', 'hunter22'],
      [`cannot use ${KEY}`, 'keymaterial'],
    ];
    for (const [text, secret] of shapes) assert.ok(!redactor.text(text).includes(secret), redactor.text(text));
  });

  it('hides by name at any depth, and leaves references, so that one sees which secret is meant', () => {
    const clean = redactor.value({
      credentials: { source: 'file:/etc/zkferry/source', target: 'u:plain', mesos: null },
      ssh: { passphrase: 'env:PASSPHRASE', identity: 'file:/k', user: 'root' },
      deep: [{ apiKey: 'x1' }, { headers: { authorization: 'y2' } }],
    });
    assert.deepEqual(clean, {
      credentials: { source: 'file:/etc/zkferry/source', target: '***', mesos: null },
      ssh: { passphrase: 'env:PASSPHRASE', identity: 'file:/k', user: 'root' },
      deep: [{ apiKey: '***' }, { headers: { authorization: '***' } }],
    });
  });
});

describe('the log of a worker', () => {
  const secrets = ['digest-password', 'key passphrase', 'tmprl-abcdef', 'keymaterial', 'typed in'];

  it('holds no secret, whichever way it was to enter', () => {
    const redactor = new Redactor();
    redactor.learn('digestuser:digest-password');
    redactor.learn('key passphrase');
    redactor.learnFrom({ TEMPORAL_API_KEY: 'tmprl-abcdef' });
    const lines: string[] = [];
    const log = workerLog('debug', redactor, { write: (line) => void lines.push(line) });
    log.info('addauth digest digestuser:digest-password');
    log.warn({ password: 'typed in', nested: { list: ['key passphrase'] } }, 'fields');
    log.error(
      { error: new Error(`login with key passphrase failed: ${KEY}`, { cause: new Error('tmprl-abcdef') }) },
      'x',
    );
    log.child({ apiKey: 'tmprl-abcdef' }).debug('child of %s', 'digest-password');
    assert.equal(lines.length, 4);
    for (const secret of secrets) assert.ok(!lines.join('').includes(secret), `${secret} in ${lines.join('')}`);
    for (const line of lines) assert.equal(typeof (JSON.parse(line) as { msg: unknown }).msg, 'string');
    assert.match(lines[2] ?? '', /login with \*\*\* failed/);
  });

  it('leaves out what is less severe than asked for', () => {
    const lines: string[] = [];
    const log = workerLog('warn', new Redactor(), { write: (line) => void lines.push(line) });
    log.info('no');
    log.warn('yes');
    assert.equal(lines.length, 1);
  });
});
