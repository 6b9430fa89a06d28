import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { frameworksReady } from '../../lab/up/readiness.js';

describe('a lab at rest', () => {
  let server: Server;
  let frameworks: { id: string; connected: boolean }[] = [];

  before(async () => {
    server = createServer((_, response) => response.end(JSON.stringify({ frameworks })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());

  it('counts only frameworks that are connected', async () => {
    const { port } = server.address() as AddressInfo;
    const masters = [{ name: 'master1', address: '127.0.0.1' }];
    frameworks = [
      { id: 'f1', connected: true },
      { id: 'f2', connected: false },
    ];
    assert.equal(await frameworksReady(masters, port, 2), '1 of 2 frameworks connected');
    frameworks = frameworks.map(({ id }) => ({ id, connected: true }));
    assert.equal(await frameworksReady(masters, port, 2), null);
  });
});
