import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { freeSubnet } from '../../lab/free-subnet.js';

describe('a free subnet', () => {
  it('is never given out twice while its owner lives', async () => {
    const found = await Promise.all(Array.from({ length: 4 }, () => freeSubnet()));
    assert.equal(new Set(found).size, found.length);
    for (const prefix of found) assert.match(prefix, /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-6])\.\d{1,3}$/);
  });

  it('lets servers listen at its addresses and ports', async () => {
    const prefix = await freeSubnet();
    const server = createServer().listen({ host: `${prefix}.1`, port: 2181, exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  });

  it('is locked by a socket, which no crash leaves behind', async () => {
    const prefix = await freeSubnet();
    const second = createServer().listen({ host: `${prefix}.254`, port: 2180, exclusive: true });
    await assert.rejects(once(second, 'listening'), { code: 'EADDRINUSE' });
  });
});
