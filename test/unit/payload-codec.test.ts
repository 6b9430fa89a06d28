import assert from 'node:assert/strict';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromJson, startCodecServer, toJson } from '../../src/adapters/codec-server.js';
import { EncryptingCodec } from '../../src/adapters/payload-codec.js';
import { payloadKeys } from '../../src/config/payload-keys.js';

const key = () => randomBytes(32);
const plain = (): Payload => defaultPayloadConverter.toPayload({ host: 'agent-17.example' });
const told = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload as Payload);

describe('the encrypting codec', () => {
  const [first, second] = [key(), key()];

  it('hides a payload with its encoding, differently each time, and gives it back', async () => {
    const codec = new EncryptingCodec(new Map([['a', first]]));
    const [one, two] = [await codec.encode([plain()]), await codec.encode([plain()])];
    const bytes = Buffer.from(one[0]?.data ?? []);
    assert.ok(!bytes.includes('agent-17') && !bytes.includes('json/plain'));
    assert.notDeepEqual(one, two);
    assert.equal(Buffer.from(one[0]?.metadata?.['encryption-key-id'] ?? []).toString(), 'a');
    assert.deepEqual(told((await codec.decode(one))[0]), { host: 'agent-17.example' });
  });

  it('reads what an older key wrote, and writes with the first', async () => {
    const old = new EncryptingCodec(new Map([['a', first]]));
    const rotated = new EncryptingCodec(
      new Map([
        ['b', second],
        ['a', first],
      ]),
    );
    const [before] = await old.encode([plain()]);
    assert.deepEqual(told((await rotated.decode([before as Payload]))[0]), { host: 'agent-17.example' });
    const [after] = await rotated.encode([plain()]);
    await assert.rejects(old.decode([after as Payload]), { code: 'FERRY_PAYLOAD_KEY', message: /key b, which is not/ });
  });

  it('passes on what nobody encrypted, and encrypts nothing twice', async () => {
    const codec = new EncryptingCodec(new Map([['a', first]]));
    assert.deepEqual(await codec.decode([plain()]), [plain()]);
    const once = await codec.encode([plain()]);
    assert.deepEqual(await codec.encode(once), once);
  });

  it('refuses a payload that was changed, or moved under another key’s name', async () => {
    const codec = new EncryptingCodec(
      new Map([
        ['a', first],
        ['b', first],
      ]),
    );
    const [payload] = await codec.encode([plain()]);
    const data = Buffer.from(payload?.data ?? []);
    data[20] = (data[20] ?? 0) ^ 1;
    await assert.rejects(codec.decode([{ ...payload, data }]), { code: 'FERRY_PAYLOAD_KEY' });
    const metadata = { ...payload?.metadata, 'encryption-key-id': Buffer.from('b') };
    await assert.rejects(codec.decode([{ ...payload, metadata }]), { code: 'FERRY_PAYLOAD_KEY' });
    await assert.rejects(codec.decode([{ ...payload, data: Buffer.from('short') }]), { code: 'FERRY_PAYLOAD_KEY' });
  });
});

describe('the keys of payloads', () => {
  let dir: string;
  before(async () => (dir = await mkdtemp(join(tmpdir(), 'zkf-keys-'))));
  after(() => rm(dir, { recursive: true, force: true }));

  it('are off unless named, and read by reference in the order given', async () => {
    assert.equal(await payloadKeys(undefined), null);
    assert.equal(await payloadKeys(' '), null);
    await writeFile(join(dir, 'new'), `${key().toString('base64')}\n`);
    process.env['ZKF_TEST_OLD'] = key().toString('base64');
    const keys = await payloadKeys(`new=file:${join(dir, 'new')}, old=env:ZKF_TEST_OLD`);
    assert.deepEqual([...(keys ?? []).keys()], ['new', 'old']);
  });

  it('are refused without a word of theirs', async () => {
    const short = randomBytes(16).toString('base64');
    process.env['ZKF_TEST_SHORT'] = short;
    for (const setting of ['x', `a=${short}`, 'a=env:ZKF_TEST_SHORT', 'a=env:ZKF_TEST_OLD,a=env:ZKF_TEST_OLD', ',']) {
      await assert.rejects(payloadKeys(setting), (error: Error & { code: string }) => {
        assert.equal(error.code, 'FERRY_PAYLOAD_KEYS');
        return !error.message.includes(short);
      });
    }
    await assert.rejects(payloadKeys('a=env:ZKF_TEST_NOWHERE'), { code: 'FERRY_SECRET' });
  });
});

describe('the codec server', () => {
  const codec = new EncryptingCodec(new Map([['a', key()]]));
  let server: Server;
  let base: string;
  before(async () => {
    server = await startCodecServer(codec, {
      address: '127.0.0.1:0',
      origins: ['http://ui.example'],
      token: 'let me in',
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${base}${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer let me in', 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  it('encodes and decodes as Temporal’s UI and CLI ask it to', async () => {
    const encoded = (await (await post('/encode', { payloads: [toJson(plain())] })).json()) as { payloads: [] };
    assert.ok(!JSON.stringify(encoded).includes(Buffer.from('agent-17').toString('base64').slice(0, 8)));
    const decoded = (await (await post('/decode', encoded)).json()) as { payloads: ReturnType<typeof toJson>[] };
    assert.deepEqual(told(fromJson(decoded.payloads[0] ?? {})), { host: 'agent-17.example' });
  });

  it('answers nobody without the token, nor a page of another origin', async () => {
    assert.equal((await post('/decode', { payloads: [] }, { authorization: 'Bearer let me out' })).status, 401);
    assert.equal((await post('/decode', { payloads: [] }, { origin: 'http://evil.example' })).status, 403);
    const allowed = await post('/decode', { payloads: [] }, { origin: 'http://ui.example' });
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'http://ui.example');
    const preflight = await fetch(`${base}/decode`, { method: 'OPTIONS', headers: { origin: 'http://ui.example' } });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /x-namespace/);
    const foreign = await fetch(`${base}/decode`, { method: 'OPTIONS', headers: { origin: 'http://evil.example' } });
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  });

  it('takes a request without payloads, as the CLI sends it, for one with none', async () => {
    const response = await post('/encode', {});
    assert.deepEqual([response.status, await response.json()], [200, { payloads: [] }]);
  });

  it('says what is wrong with a request', async () => {
    assert.equal((await post('/elsewhere', {})).status, 404);
    assert.equal((await post('/decode', '{')).status, 400);
    assert.equal((await post('/decode', { payloads: 1 })).status, 400);
    const other = new EncryptingCodec(new Map([['z', key()]]));
    const [foreign] = await other.encode([plain()]);
    const refused = await post('/decode', { payloads: [toJson(foreign as Payload)] });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /key z/);
  });
});
