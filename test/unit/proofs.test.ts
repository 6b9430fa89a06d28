import assert from 'node:assert/strict';
import type { Ports } from '../../activities/ports.js';
import { createProofActivities } from '../../activities/proofs/index.js';
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
