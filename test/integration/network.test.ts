import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freeSubnet } from '../../lab/free-subnet.js';
import { hostTag } from '../../lab/hosts/processes.js';
import { Network } from '../../lab/network/network.js';

/** A client in a process of its own, as one on a host of the lab. */
class RemoteClient {
  heard = '';
  private constructor(private readonly child: ReturnType<typeof spawn>) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.heard += text));
  }

  static async on(host: string, address: string): Promise<RemoteClient> {
    const program = `
      const socket = require('node:net').connect({ host: '${address}', port: 2181 }, () => process.stdout.write('up;'));
      process.stdin.on('data', (bytes) => socket.write(bytes));
      socket.on('data', (bytes) => process.stdout.write(bytes));
      socket.on('error', () => undefined);
      socket.on('close', () => process.stdout.write('closed;'));`;
    const env = { ...process.env, ...(host === 'worker' ? {} : { [hostTag]: `/lab/hosts/${host}` }) };
    const client = new RemoteClient(spawn(process.execPath, ['-e', program], { env }));
    await client.hears('up;');
    return client;
  }

  say(text: string): void {
    this.child.stdin?.write(text);
  }

  async hears(text: string): Promise<void> {
    for (const end = performance.now() + 5_000; !this.heard.includes(text); await delay(5)) {
      if (performance.now() > end) assert.fail(`never heard ${text}, but ${this.heard}`);
    }
  }

  async end(): Promise<void> {
    if (this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

describe('the network of a lab', function () {
  this.timeout(30_000);
  let server: Server;
  let network: Network;
  let outer: string;
  const sockets = new Set<Socket>();
  const clients: RemoteClient[] = [];
  let heard = '';

  before(async () => {
    outer = `${await freeSubnet()}.1`;
    const inner = `${await freeSubnet()}.1`;
    // Says what it hears, in capitals; `cons` and `stat` as ZooKeeper does.
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        heard += 'gone;';
        sockets.delete(socket);
      });
      socket.on('data', (bytes) => {
        const text = bytes.toString();
        heard += text;
        if (text !== 'cons' && text !== 'stat') return void socket.write(text.toUpperCase());
        const lines = [...sockets].map((one) => ` /${one.remoteAddress}:${one.remotePort}[1](queued=0,sid=0x1)\n`);
        socket.end(lines.join(''));
      });
    });
    server.listen(2181, inner);
    await once(server, 'listening');
    network = new Network([{ name: 'source1', outer, inner }]);
    await network.listen();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end();
    await until('every link is gone', () => sockets.size === 0);
    heard = '';
  });
  after(() => {
    network.close();
    server.close();
  });

  const client = async (host: string) => {
    const one = await RemoteClient.on(host, outer);
    clients.push(one);
    return one;
  };
  const until = async (what: string, holds: () => boolean) => {
    for (const end = performance.now() + 5_000; !holds(); await delay(5)) {
      if (performance.now() > end) assert.fail(`${what}: never; the server heard ${heard}`);
    }
  };
  /** Long enough for what is going to arrive. */
  const silence = () => delay(250);

  it('passes bytes and ends on, both ways', async () => {
    const one = await client('master1');
    one.say('hello;');
    await one.hears('HELLO;');
    for (const socket of sockets) socket.end('bye;');
    await one.hears('bye;closed;');
  });

  it('cuts the named host off in silence, others not, and lets what was held up arrive', async () => {
    const [cut, other, worker] = [await client('master1'), await client('agent1'), await client('worker')];
    const partition = network.partition({ from: 'master1', to: ['source1'] });
    for (const [name, one] of Object.entries({ cut, other, worker })) one.say(`${name};`);
    await other.hears('OTHER;');
    await worker.hears('WORKER;');
    const late = await client('master1');
    late.say('late;');
    await silence();
    assert.deepEqual([cut.heard, late.heard], ['up;', 'up;']);
    assert.doesNotMatch(heard, /cut|late/);
    partition.heal();
    await cut.hears('CUT;');
    await late.hears('LATE;');
  });

  it('cuts one direction only, where that is asked for', async () => {
    const one = await client('master1');
    const deaf = network.partition({ from: 'master1', to: ['source1'], direction: 'to-client' });
    one.say('question;');
    await until('the server hears', () => heard.includes('question;'));
    await silence();
    assert.equal(one.heard, 'up;');
    deaf.heal();
    await one.hears('QUESTION;');

    const dumb = network.partition({ from: 'master1', to: ['source1'], direction: 'to-server' });
    one.say('another;');
    for (const socket of sockets) socket.write('news;');
    await one.hears('news;');
    await silence();
    assert.doesNotMatch(heard, /another/);
    dumb.heal();
    await one.hears('ANOTHER;');
  });

  it('tells nobody of an end behind a partition before it heals', async () => {
    const [quitter, left] = [await client('master1'), await client('agent1')];
    for (const one of [quitter, left]) one.say('here;');
    for (const one of [quitter, left]) await one.hears('HERE;');
    const partitions = ['master1', 'agent1'].map((from) => network.partition({ from, to: ['source1'] }));
    await quitter.end();
    await silence();
    assert.doesNotMatch(heard, /gone/);
    partitions[0]?.heal();
    await until('the server is told', () => heard.includes('gone;'));
    for (const socket of sockets) socket.destroy();
    await silence();
    assert.doesNotMatch(left.heard, /closed/);
    partitions[1]?.heal();
    await left.hears('closed;');
  });

  it('goes on cutting while another partition of the same link lasts', async () => {
    const one = await client('master1');
    const [first, second] = [1, 2].map(() => network.partition({ from: 'master1', to: ['source1'] }));
    one.say('patience;');
    first?.heal();
    await silence();
    assert.equal(one.heard, 'up;');
    second?.heal();
    await one.hears('PATIENCE;');
  });

  it('names clients by their own ends in what the server says of them', async () => {
    const asking = connect({ host: outer, port: 2181 });
    await once(asking, 'connect');
    const own = `/${asking.localAddress}:${asking.localPort}[1]`;
    asking.write('cons');
    let answer = '';
    asking.setEncoding('utf8').on('data', (text: string) => (answer += text));
    await once(asking, 'close');
    assert.ok(answer.includes(own), answer);
  });

  it('resets a connection for which no server listens', async () => {
    const nobody = connect({ host: outer, port: 2888 });
    const [error] = (await once(nobody, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });
});
