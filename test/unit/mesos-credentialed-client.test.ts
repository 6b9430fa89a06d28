import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { CredentialedClient } from '../../lab/mesos/zk/credentialed-client.js';

const OP = { auth: 100, ping: 11, close: -11 };
const STAT_BYTES = 68;
const NOTIFICATION = { xid: -1, childrenChanged: 4, connected: 3 };

describe('the client with credentials', () => {
  let server: Server;
  let client: CredentialedClient;
  /** The watch flag of every request for children, in order. */
  let watches: boolean[];
  /** Runs for every request for children; returns what the server writes, all in one packet. */
  let answer: (xid: number) => Buffer[];

  beforeEach(async () => {
    watches = [];
    server = createServer((socket) => serve(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    client = new CredentialedClient([{ address: '127.0.0.1', port }], 'mesos:secret', 10_000);
    await once(client, 'connected');
  });

  afterEach(async () => {
    client.close();
    server.close();
    await once(server, 'close');
  });

  it('watches again when the event came in the same packet as the answer that left the watch', async () => {
    answer = (xid) => (watches.length === 1 ? [names(xid, ['a']), childrenChanged('/g')] : [names(xid, ['a', 'b'])]);
    const changed = once(client, 'childrenChanged');
    assert.deepEqual(await client.children('/g'), ['a']);
    await changed;
    assert.deepEqual(await client.children('/g'), ['a', 'b']);
    assert.deepEqual(watches, [true, true]);
  });

  it('does not watch twice while the first watch stands', async () => {
    answer = (xid) => [names(xid, ['a'])];
    await client.children('/g');
    await client.children('/g');
    assert.deepEqual(watches, [true, false]);
  });

  function serve(socket: Socket): void {
    let pending = Buffer.alloc(0);
    let greeted = false;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = pending.subarray(4, 4 + pending.readInt32BE(0));
        pending = pending.subarray(4 + frame.length);
        if (!greeted) {
          greeted = true;
          socket.write(framed(int(0), int(10_000), long(1n), int(16), Buffer.alloc(16)));
          continue;
        }
        const xid = frame.readInt32BE(0);
        const type = frame.readInt32BE(4);
        if (type === OP.close) socket.end(reply(xid));
        else if (type === OP.auth || type === OP.ping) socket.write(reply(xid));
        else {
          watches.push(frame.at(-1) === 1);
          socket.write(Buffer.concat(answer(xid)));
        }
      }
    });
  }
});

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);
}

function framed(...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int(body.length), body]);
}

function reply(xid: number, ...payload: Buffer[]): Buffer {
  return framed(int(xid), long(7n), int(0), ...payload);
}

/** Answers with and without a stat alike: readers of the short form ignore the rest. */
function names(xid: number, children: string[]): Buffer {
  return reply(xid, int(children.length), ...children.map(text), Buffer.alloc(STAT_BYTES));
}

function childrenChanged(path: string): Buffer {
  const { xid, childrenChanged: type, connected } = NOTIFICATION;
  return reply(xid, int(type), int(connected), text(path));
}
