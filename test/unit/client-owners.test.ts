import assert from 'node:assert/strict';
import type { Ports } from '../../activities/ports.js';
import { surveyClients } from '../../activities/planning/client-survey.js';
import { aConfig } from '../fakes/plans.js';

/** As `/proc/net/tcp` writes it. */
function word(ip: string, port: number): string {
  const bytes = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `${bytes.reverse().join('')}:${port.toString(16).padStart(4, '0')}`;
}

interface Connection {
  readonly by: string;
  readonly from: readonly [ip: string, port: number];
  readonly to: readonly [ip: string, port: number];
}

describe('the owner of a session on source', () => {
  const plain = aConfig(0);
  const config = {
    ...plain,
    source: { servers: plain.source.servers.map((one, at) => ({ ...one, address: `10.1.0.${String(at + 1)}` })) },
  };
  /** Who owns session 0x1 on the first server, by what the hosts of the processes list. */
  async function ownerAmong(connections: readonly Connection[]): Promise<string | null | undefined> {
    const ports = {
      probe: {
        state: () => Promise.resolve({ mode: 'leader', version: '3.8.4', zxid: 1n }),
        sessions: () => Promise.resolve(['0x1']),
        connections: ({ name }: { name: string }) =>
          Promise.resolve(name === 's1' ? [{ ip: '10.0.0.2', port: 40_000, sessionId: '0x1' }] : []),
      },
      shell: {
        run: ({ name }: { name: string }) => {
          const lines = connections
            .filter(({ by }) => by === name)
            .map(({ from, to }) => `socket=${word(...from)} ${word(...to)}\n`);
          const stdout = `ActiveState=active\nMainPID=7\n${lines.join('')}complete=1\n`;
          return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
        },
      },
    } as unknown as Ports;
    const [found, ...more] = await surveyClients(ports, config, []);
    assert.equal(more.length, 0);
    assert.equal(found?.client, '10.0.0.2:40000');
    return found?.owner;
  }
  const from = ['10.0.0.2', 40_000] as const;

  it('is whoever is connected to that server, though a neighbour uses the same port towards somebody else', async () => {
    const right = { by: 'm1', from, to: ['10.1.0.1', 2181] } as const;
    for (const to of [
      ['10.1.0.2', 2181],
      ['10.0.0.9', 5051],
    ] as const) {
      assert.equal(await ownerAmong([right, { by: 'f1', from, to }]), 'm1');
      assert.equal(
        await ownerAmong([
          { ...right, by: 'f1' },
          { by: 'm1', from, to },
        ]),
        'f1',
      );
    }
  });

  it('is nobody when several use the port and none of them is connected to that server', async () => {
    const [one, two] = [['10.9.0.1', 2181] as const, ['10.9.0.2', 2181] as const];
    assert.equal(
      await ownerAmong([
        { by: 'm1', from, to: one },
        { by: 'f1', from, to: two },
      ]),
      null,
    );
  });

  it('is the one that uses the port, by whatever address it knows the server', async () => {
    assert.equal(await ownerAmong([{ by: 'm2', from, to: ['192.168.0.1', 2181] }]), 'm2');
    assert.equal(await ownerAmong([{ by: 'm2', from: ['10.0.0.2', 40_001], to: ['10.1.0.1', 2181] }]), null);
  });
});
