import assert from 'node:assert/strict';
import { workerLog } from '../../src/adapters/worker-log.js';
import { Redactor } from '../../src/domain/redact.js';

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
