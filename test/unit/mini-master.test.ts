import assert from 'node:assert/strict';
import { AgentObserver } from '../../lab/mesos/master/agent-observer.js';
import { admit, markUnreachable, Registrar, removeAgent, type Registry } from '../../lab/mesos/master/registrar.js';

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const info = (id: string) => ({ id, hostname: id, port: 5051, resources: '', attributes: '', checkpoint: true });

describe('the miniature master', () => {
  it('gives an agent up after the last of its unanswered pings and not before', async () => {
    let pings = 0;
    let dead = false;
    const observer = new AgentObserver(
      { pingTimeoutMs: 5, maxTimeouts: 5 },
      () => (pings += 1),
      () => (dead = true),
    );
    observer.start();
    await until(() => dead);
    observer.stop();
    assert.ok(pings >= 5, `${pings} pings`);
  });

  it('starts the count of missed pings anew with every pong', async () => {
    let dead = false;
    let pings = 0;
    const observer: AgentObserver = new AgentObserver(
      { pingTimeoutMs: 3, maxTimeouts: 2 },
      () => {
        pings += 1;
        // Every second ping is answered: never two misses in a row.
        if (pings % 2 === 0) observer.pong();
      },
      () => (dead = true),
    );
    observer.start();
    await until(() => pings > 20);
    observer.stop();
    assert.equal(dead, false);
  });

  it('tells a disconnected agent so with its pings', async () => {
    const told: boolean[] = [];
    const observer = new AgentObserver(
      { pingTimeoutMs: 2, maxTimeouts: 99 },
      (connected) => told.push(connected),
      () => undefined,
    );
    observer.start();
    observer.setConnected(false);
    await until(() => told.length > 1);
    observer.stop();
    assert.deepEqual(told.slice(0, 2), [true, false]);
  });

  it('writes the registry before it serves, and one operation after the other', async () => {
    const stored: Registry[] = [];
    let writing = 0;
    const registrar = new Registrar(
      {
        fetch: () => Promise.resolve(null),
        store: async (state) => {
          writing += 1;
          assert.equal(writing, 1);
          await new Promise((resolve) => setTimeout(resolve, 1));
          stored.push(JSON.parse(state) as Registry);
          writing -= 1;
        },
      },
      { fetchMs: 1000, storeMs: 1000 },
    );
    await registrar.recover();
    assert.equal(stored.length, 1);
    await Promise.all([
      registrar.apply(admit(info('S0'))),
      registrar.apply(admit(info('S1'))),
      registrar.apply(markUnreachable('S0')),
    ]);
    assert.deepEqual(
      stored.at(-1)?.slaves.map((slave) => slave.info.id),
      ['S1'],
    );
    assert.deepEqual(
      stored.at(-1)?.unreachable.map(({ id }) => id),
      ['S0'],
    );
    await registrar.apply(admit(info('S0')));
    await registrar.apply(removeAgent('S1'));
    assert.deepEqual(
      registrar.registry?.slaves.map((slave) => slave.info.id),
      ['S0'],
    );
    assert.deepEqual(registrar.registry?.unreachable, []);
  });
});
