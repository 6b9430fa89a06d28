import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { FourLetterProbe } from '../../src/adapters/four-letter-probe.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { NoAnswerError } from '../../src/domain/proof-errors.js';
import type { ServerAddress } from '../../src/ports/server-probe.js';

const never = new AbortController().signal;
const probe = new FourLetterProbe();
const store = new ZookeeperStore();

for (const version of ['3.4.14', '3.8.4', '3.9.5']) {
  describe(`a server probe (ZooKeeper ${version})`, function () {
    this.timeout(60_000);
    let dir: string;
    let ensemble: Ensemble;
    let servers: ServerAddress[];
    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'zkferry-probe-'));
      const subnet = await freeSubnet();
      ensemble = await startEnsemble({ dir, version, addresses: [1, 2, 3].map((n) => `${subnet}.${String(n)}`) });
      servers = ensemble.servers.map(({ id, address, clientPort }) => ({
        name: `s${String(id)}`,
        address,
        clientPort,
      }));
    });
    after(async () => {
      await ensemble.stop();
      await rm(dir, { recursive: true, force: true });
    });

    it('tells role, version and zxid of every server', async () => {
      const states = await Promise.all(servers.map((server) => probe.state(server, never)));
      assert.deepEqual(states.map(({ mode }) => mode).sort(), ['follower', 'follower', 'leader']);
      assert.ok(states.every((state) => state.version === version));
      assert.ok(states.some(({ zxid }) => zxid !== null && zxid >> 32n === 1n));
    });

    it('names a client by its session, at its server and at the leader, until it closes', async () => {
      const session = await store.connect(servers, { credentials: null, timeoutMs: 10_000 }, never);
      const leader = servers.find(({ name }) => name === `s${String(leaderId)}`);
      assert.ok(leader);
      const clients = (await Promise.all(servers.map((server) => probe.connections(server, never)))).flat();
      assert.deepEqual(
        clients.filter(({ sessionId }) => sessionId !== null).map(({ sessionId }) => sessionId),
        [session.sessionId],
      );
      assert.deepEqual(await probe.sessions(leader, never), [session.sessionId]);
      await session.close();
      assert.deepEqual(await probe.sessions(leader, never), []);
    });
    let leaderId: number | null;
    beforeEach(async () => {
      leaderId = await ensemble.leaderId();
    });

    it('reads the settings a server runs with', async () => {
      const settings = await probe.settings(servers[0] as ServerAddress, never);
      assert.equal(settings.get('clientPort'), '2181');
      assert.equal(settings.get('tickTime'), '2000');
    });

    describe('without a quorum', () => {
      before(async () => {
        await ensemble.stopServer(2);
        await ensemble.stopServer(3);
        const deadline = Date.now() + 20_000;
        let seen: string;
        do seen = await probe.state(servers[0] as ServerAddress, never).then(({ mode }) => mode, cutOff);
        while (seen !== 'not-serving' && Date.now() < deadline);
        assert.equal(seen, 'not-serving');
      });

      it('calls a server not serving', async () => {
        const nothing = { mode: 'not-serving', version: null, zxid: null };
        assert.deepEqual(await probe.state(servers[0] as ServerAddress, never), nothing);
      });

      it('does not take the clients of a server for none', async () => {
        const [server] = servers as [ServerAddress];
        const notServing = { code: 'FERRY_NOT_SERVING', host: 's1', retryable: true };
        await assert.rejects(probe.connections(server, never), notServing);
        await assert.rejects(probe.sessions(server, never), notServing);
      });
    });
  });
}

/**
 * A server that loses its quorum drops every connection when it gives up its role, a word's with it, answered or not
 * (ZooKeeper `Leader` and `Learner`: `shutdown` calls `closeAllConnections`). It goes on listening: never refused.
 */
function cutOff(error: unknown): string {
  if (error instanceof NoAnswerError && !error.refused) return error.message;
  throw error;
}

describe('a server probe', () => {
  it('names the word and the remedy when the server does not allow it', async () => {
    const server = createServer((socket) =>
      socket.once('data', (word) =>
        socket.end(`${String(word)} is not executed because it is not in the whitelist.\n`),
      ),
    ).listen(0, '127.28.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      const address = { name: 'z1', address: '127.28.0.1', clientPort: port };
      await assert.rejects(probe.connections(address, never), {
        code: 'FERRY_PROBE_REFUSED',
        host: 'z1',
        message: /cons/,
        remedy: /whitelist/,
      });
    } finally {
      server.close();
    }
  });

  it('tells a refused connection from silence', async () => {
    const nobody = { name: 'z1', address: '127.28.0.2', clientPort: 2181 };
    await assert.rejects(probe.state(nobody, never), { code: 'FERRY_NO_ANSWER', refused: true });
    const mute = createServer(() => undefined).listen(0, '127.28.0.3');
    try {
      await new Promise((resolve) => mute.once('listening', resolve));
      const { port } = mute.address() as { port: number };
      const asking = new FourLetterProbe(200).state({ name: 'z2', address: '127.28.0.3', clientPort: port }, never);
      await assert.rejects(asking, { code: 'FERRY_NO_ANSWER', refused: false });
    } finally {
      mute.close();
    }
  });
});
