import assert from 'node:assert/strict';
import type { Ports } from '../../activities/ports.js';
import { createProofActivities } from '../../activities/proofs/index.js';
import { awaitProof, unproved } from '../../activities/reach/await-proof.js';
import { isProvedStopped, lookAtProcess } from '../../activities/reach/host-process.js';
import { aConfig } from '../fakes/plans.js';

const config = aConfig();
const proofsOver = (ports: unknown) =>
  createProofActivities({ secrets: () => Promise.resolve(null), ...(ports as object) } as unknown as Ports);

describe('the barrier, before anything starts on the other side,', () => {
  const [m1] = config.masters;
  assert.ok(m1);
  const alone = { ...config, masters: [m1] };
  const zk = (servers: typeof config.observers) =>
    `zk://${servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`).join(',')}/mesos`;
  const word = (ip: string, port: number) =>
    `${ip
      .split('.')
      .reverse()
      .map((n) => Number(n).toString(16).padStart(2, '0'))
      .join('')}:${port.toString(16).padStart(4, '0')}`;
  const elsewhere = { ...alone, source: { servers: alone.source.servers.map((s) => ({ ...s, address: '10.1.0.1' })) } };
  const connectedTo = (ip: string) => ({
    run: () => {
      const socket = `socket=${word('10.0.0.9', 40_000)} ${word(ip, 2181)}`;
      const stdout = `ActiveState=active\nMainPID=7\n${socket}\ncomplete=1\n`;
      return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
    },
  });
  const unreachable = { run: () => Promise.reject(new Error('no ssh')) };
  const denies = (flags: Record<string, string> | null, shell: unknown) => ({
    mesos: {
      metrics: () => Promise.resolve({ 'master/elected': 0 }),
      flags: () => (flags === null ? Promise.reject(new Error('403')) : Promise.resolve(flags)),
    },
    shell,
  });
  const clear = (ports: unknown, stopped: string[] = []) =>
    proofsOver(ports).provesNoLeader({ config: elsewhere, stopped, deadline: Date.now() + 300 });

  it('takes a standby whose own flags name the observers alone, and asks no host', async () => {
    assert.equal((await clear(denies({ zk: zk(config.observers) }, unreachable))).clear, true);
  });

  it('refuses a running master that knows a server of either ensemble, for it could be elected there', async () => {
    for (const servers of [elsewhere.source.servers, [...config.observers, ...elsewhere.source.servers]]) {
      await assert.rejects(
        clear(denies({ zk: zk(servers) }, connectedTo('10.0.0.2'))),
        /10\.1\.0\.1:2181.*no observer/,
      );
    }
    assert.equal((await clear(denies(null, unreachable), ['m1'])).clear, true, 'stopped is stopped');
  });

  it('looks at the connections of a master whose flags tell nothing', async () => {
    const nothing: (Record<string, string> | null)[] = [null, {}, { zk: 'file:///etc/mesos/zk' }];
    for (const flags of nothing) {
      await assert.rejects(clear(denies(flags, connectedTo('10.1.0.1'))), /connected to 10\.1\.0\.1:2181/);
      assert.equal((await clear(denies(flags, connectedTo('10.9.9.9')))).clear, true);
      await assert.rejects(clear(denies(flags, unreachable)));
    }
  });
});

describe('a proof whose patience ends in the middle of a look', () => {
  const cutOff = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  const request = { host: 'a1', what: 'it is back', everyMs: 10 };

  it('is not proved, and names the host', async () => {
    await assert.rejects(awaitProof({ ...request, until: Date.now() + 100 }, cutOff), {
      code: 'FERRY_NOT_PROVED',
      host: 'a1',
    });
  });

  it('tells what was seen before', async () => {
    let looks = 0;
    const look = (signal: AbortSignal) =>
      (looks += 1) === 1 ? Promise.resolve(unproved('half of it')) : cutOff(signal);
    await assert.rejects(awaitProof({ ...request, until: Date.now() + 200 }, look), {
      message: /last seen: half of it/,
    });
  });
});

describe('the agents that are back', () => {
  it('are told with those that the registry knows and nobody expected', async () => {
    const mesos = {
      metrics: () => Promise.resolve({ 'master/elected': 1 }),
      agents: () =>
        Promise.resolve({ agents: [{ id: 'a1-id', active: true }], recoveredAgentIds: ['joined-in-the-last-second'] }),
    };
    const request = { config: { ...config, masters: config.masters.slice(0, 1) }, expectedIds: ['a1-id'] };
    const report = await proofsOver({ mesos }).awaitAgentsBack({ ...request, patienceMs: 300 });
    assert.deepEqual(report.missing, []);
    assert.deepEqual(report.unexpected, ['joined-in-the-last-second']);
  });
});

describe('observers that are to be retired', () => {
  const sessionMs = 1_500;
  const brief = { ...config, policy: { ...config.policy, timeouts: { ...config.policy.timeouts, sessionMs } } };
  const idle = (connected: (elapsedMs: number) => boolean) => {
    const since = Date.now();
    const client = { ip: '10.0.0.8', port: 4_000, sessionId: '0x1' };
    const connections = () => Promise.resolve(connected(Date.now() - since) ? [client] : []);
    return proofsOver({ probe: { connections } }).provesObserversIdle({ config: brief, patienceMs: 4_000 });
  };

  it('are idle once nobody was seen twice, a session apart', async () => {
    const since = Date.now();
    await idle(() => false);
    assert.ok(Date.now() - since >= sessionMs);
  });

  it('are not while a client is between two connections', async () => {
    await assert.rejects(
      idle((elapsedMs) => elapsedMs > 700),
      { code: 'FERRY_NOT_PROVED', message: /10\.0\.0\.8:4000/ },
    );
  });
});

describe('a unit without a main process', () => {
  it('is not stopped while its control group holds one', async () => {
    const run = () =>
      Promise.resolve({ exitCode: 0, stdout: 'ActiveState=failed\nMainPID=0\ngroup=busy\n', stderr: '' });
    const [host] = config.masters;
    assert.ok(host);
    const seen = await lookAtProcess({ run }, config.ssh, { host, unit: 'u' }, new AbortController().signal);
    assert.equal(isProvedStopped(seen), false);
    assert.equal(isProvedStopped({ ...seen, groupBusy: false }), true);
  });
});
