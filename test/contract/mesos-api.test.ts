import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MesosHttp } from '../../src/adapters/mesos-http.js';

const never = new AbortController().signal;
const address = '127.28.1.1';

/** Answers as Mesos does, by path; see the bodies in Mesos' src/master/http.cpp. */
type Answers = Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;

describe('the Mesos adapter', () => {
  let server: Server | undefined;
  const api = new MesosHttp(500);
  const serve = async (answers: Answers): Promise<string> => {
    server = createServer((request, response) => {
      const answer = answers[request.url ?? ''];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    }).listen(0, address);
    await new Promise((resolve) => server?.once('listening', resolve));
    return `http://${address}:${String((server.address() as AddressInfo).port)}`;
  };
  const json = (body: unknown) => (_: IncomingMessage, response: ServerResponse) =>
    void response.end(JSON.stringify(body));
  const status =
    (code: number, headers: Record<string, string> = {}) =>
    (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(code, headers).end('text');
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('sees a redirect and follows it nowhere', async () => {
    const asked: string[] = [];
    const note = (request: IncomingMessage, response: ServerResponse) => {
      asked.push(request.url ?? '');
      response.writeHead(307, { Location: '//other:5050/master/slaves' }).end();
    };
    const base = await serve({ '/slaves': note, '/redirect': note });
    await assert.rejects(api.agents(base, 'user:secret', never), { code: 'FERRY_NOT_LEADER', leader: 'other:5050' });
    assert.equal(await api.leaderSeenBy(base, never), 'other:5050');
    assert.deepEqual(asked, ['/slaves', '/redirect']);
  });

  it('tells no leader from no answer', async () => {
    const base = await serve({ '/redirect': status(503) });
    assert.equal(await api.leaderSeenBy(base, never), null);
    await assert.rejects(api.leaderSeenBy('http://127.28.1.2:5050', never), { code: 'FERRY_NO_ANSWER', refused: true });
  });

  it('gives up on a process that takes the connection and says nothing', async () => {
    const base = await serve({ '/metrics/snapshot': () => undefined });
    await assert.rejects(api.metrics(base, null, never), { code: 'FERRY_NO_ANSWER', refused: false, retryable: true });
  });

  it('sends credentials only where they are given, and never repeats them in an error', async () => {
    const seen: (string | undefined)[] = [];
    const guarded = (request: IncomingMessage, response: ServerResponse) => {
      seen.push(request.headers.authorization);
      response.writeHead(request.headers.authorization === undefined ? 401 : 403).end();
    };
    const base = await serve({ '/flags': guarded });
    await assert.rejects(api.flags(base, null, never), { code: 'FERRY_MESOS_AUTH', status: 401, retryable: false });
    await assert.rejects(api.flags(base, 'user:secret', never), (error: Error) => !error.message.includes('secret'));
    assert.deepEqual(seen, [undefined, `Basic ${Buffer.from('user:secret').toString('base64')}`]);
  });

  it('takes a leader for recovered only when the v1 API answers', async () => {
    let code = 503;
    const base = await serve({ '/api/v1': (_, response) => void response.writeHead(code).end('{}') });
    assert.equal(await api.isRecovered(base, null, never), false);
    code = 200;
    assert.equal(await api.isRecovered(base, null, never), true);
    code = 307;
    await assert.rejects(api.isRecovered(base, null, never), { code: 'FERRY_NOT_LEADER' });
  });

  it('reads agents, with a missing time of re-registration as null', async () => {
    const agent = { id: 'S0', hostname: 'a1', pid: 'slave(1)@10.0.0.5:5051', active: true, registered_time: 1.5 };
    const base = await serve({ '/slaves': json({ slaves: [agent], recovered_slaves: [{ id: 'S1' }] }) });
    const view = await api.agents(base, null, never);
    assert.deepEqual(view.recoveredAgentIds, ['S1']);
    assert.deepEqual(view.agents, [
      {
        id: 'S0',
        hostname: 'a1',
        pid: agent.pid,
        port: 5051,
        active: true,
        registeredAt: 1.5,
        reregisteredAt: null,
        version: '',
      },
    ]);
  });

  it('reads frameworks with their failover time in ms', async () => {
    const framework = {
      id: 'F',
      name: 'marathon',
      active: true,
      connected: true,
      checkpoint: true,
      failover_timeout: 60,
    };
    const base = await serve({ '/frameworks': json({ frameworks: [framework], completed_frameworks: [framework] }) });
    const [found, ...more] = await api.frameworks(base, null, never);
    assert.equal(found?.failoverTimeoutMs, 60_000);
    assert.deepEqual(more, []);
  });

  it('reads the running tasks of an agent with their containers, and those that finished', async () => {
    const executors = [
      {
        container: 'c1',
        tasks: [
          { id: 't1', state: 'TASK_RUNNING' },
          { id: 't2', state: 'TASK_STAGING' },
        ],
      },
      {
        container: 'c2',
        tasks: [],
        completed_tasks: [
          { id: 't3', state: 'TASK_FINISHED' },
          { id: 't4', state: 'TASK_FAILED' },
        ],
      },
    ];
    const body = { id: 'S0', flags: { recover: 'reconnect' }, frameworks: [{ executors }] };
    const base = await serve({ '/state': json(body) });
    assert.deepEqual(await api.agentState(base, null, never), {
      id: 'S0',
      masterHostname: null,
      tasks: { t1: 'c1' },
      finishedTasks: ['t3'],
      flags: { recover: 'reconnect' },
    });
  });

  it('answers null while an agent recovers', async () => {
    const base = await serve({ '/state': status(503) });
    assert.equal(await api.agentState(base, null, never), null);
  });

  it('ends at once when it is called off', async () => {
    const base = await serve({ '/version': () => undefined });
    const calledOff = new AbortController();
    const asking = new MesosHttp(60_000).version(base, calledOff.signal);
    calledOff.abort();
    await assert.rejects(asking, { code: 'FERRY_NO_ANSWER' });
  });
});
