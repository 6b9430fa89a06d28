import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCredentials } from '../../lab/mesos/credentials.js';
import { HttpServer, sendJson, sendText } from '../../lab/mesos/http.js';
import { dispatch, type Envelope } from '../../lab/mesos/messages.js';
import { Messenger } from '../../lab/mesos/messenger.js';

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('HTTP of the miniature Mesos', () => {
  const realm = 'mesos-master-readonly';
  const servers: HttpServer[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  const start = async (
    realms: readonly string[] = [],
    routesAfterMs = 0,
  ): Promise<{ server: HttpServer; base: string; port: number }> => {
    const server = new HttpServer(
      '/master',
      { realms: new Set(realms), secrets: new Map([['ops', 'p:w']]) },
      routesAfterMs,
    );
    servers.push(server);
    server.route('/health', null, (_request, response) => sendText(response, 200, ''));
    server.route('/flags', realm, (_request, response) => sendJson(response, { flags: {} }));
    const port = await server.listen(0, '127.0.0.1');
    return { server, base: `http://127.0.0.1:${port}`, port };
  };
  const status = async (url: string, authorization?: string): Promise<number> =>
    (await fetch(url, authorization === undefined ? {} : { headers: { authorization } })).status;

  it('answers 404 at first, then with and without its prefix', async () => {
    const early = await start([], Number.POSITIVE_INFINITY);
    assert.equal(await status(`${early.base}/health`), 404);
    const { base } = await start();
    assert.equal(await status(`${base}/health`), 200);
    assert.equal(await status(`${base}/master/health`), 200);
    assert.equal(await status(`${base}/master/state.json`), 404);
    assert.equal(await status(`${base}/slave(1)/health`), 404);
  });

  it('asks for credentials only in the realms that are guarded', async () => {
    const { base } = await start([realm]);
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    const refused = await fetch(`${base}/flags`);
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, `Basic realm="${realm}"`]);
    assert.equal(await status(`${base}/flags`, basic('ops:wrong')), 401);
    assert.equal(await status(`${base}/flags`, basic('ops:p:w')), 200);
  });

  it('reads credentials as lines and as JSON', () => {
    const dir = mkdtempSync(join(tmpdir(), 'mini-credentials-'));
    writeFileSync(join(dir, 'lines'), 'ops secret\n\nviewer other\n');
    writeFileSync(join(dir, 'json'), '{"credentials":[{"principal":"ops","secret":"secret"}]}');
    assert.deepEqual(
      [...readCredentials(join(dir, 'lines'))],
      [
        ['ops', 'secret'],
        ['viewer', 'other'],
      ],
    );
    assert.deepEqual([...readCredentials(`file://${dir}/json`)], [['ops', 'secret']]);
  });

  it('delivers messages in the order in which they were sent', async () => {
    const { server, port } = await start();
    const seen: string[] = [];
    server.route('/mini/message', null, ({ body }, response) => {
      sendText(response, 202, '');
      dispatch({ UnregisterSlaveMessage: (_from, { agentId }) => seen.push(agentId) }, JSON.parse(body) as Envelope);
    });
    const messenger = new Messenger('slave(1)@127.0.0.1:1');
    const ids = Array.from({ length: 50 }, (_, n) => String(n));
    for (const agentId of ids) messenger.send(`master@127.0.0.1:${port}`, 'UnregisterSlaveMessage', { agentId });
    await until(() => seen.length === 50);
    assert.deepEqual(seen, ids);
  });

  it('notices the end of a linked peer, and a peer that is not there', async () => {
    const { server, port } = await start();
    server.route('/mini/link', null, (_request, response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    const messenger = new Messenger('master@127.0.0.1:1');
    let exited = 0;
    messenger.link(`slave(1)@127.0.0.1:${port}`, () => (exited += 1));
    await until(async () => (await server.connections()) > 0);
    assert.equal(exited, 0);
    server.close();
    await until(() => exited === 1);
    messenger.link(`slave(1)@127.0.0.1:${port}`, () => (exited += 1));
    await until(() => exited === 2);
  });
});
