import assert from 'node:assert/strict';
import type { Ports } from '../../activities/ports.js';
import { createMastersOnProof } from '../../activities/publishing/masters-on.js';
import type { EnsembleName } from '../../activities/contract.js';
import type { HostConfig } from '../../src/domain/config.js';
import { NoAnswerError } from '../../src/domain/proof-errors.js';
import type { HostScript } from '../../src/ports/host-shell.js';
import { aDualConfig } from '../fakes/surveys.js';

const config = aDualConfig();
const urlOf = (side: EnsembleName): string =>
  `zk://${config[side].servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`).join(',')}${config.electionPath}`;

/** One master as its host and the process itself show it. */
interface Seen {
  readonly file: string | null;
  readonly state: 'active' | 'inactive' | 'activating';
  /** What the process answers to `/flags`; null = it does not answer. */
  readonly flag: string | null;
  readonly argument: string | null;
  readonly unreachable?: boolean;
}

const on = (side: EnsembleName): Seen => ({
  file: urlOf(side),
  state: 'active',
  flag: urlOf(side),
  argument: `--zk=${urlOf(side)}`,
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function answer({ file, state, argument }: Seen, { name }: HostScript): string {
  const runs = state === 'active';
  const unit = `ActiveState=${state}\nMainPID=${runs ? '7' : '0'}\n`;
  if (name === 'look-at-process') return `${unit}${runs ? 'complete=1\n' : ''}`;
  return [
    ...(file === null ? [] : [`place=${base64(file)}`]),
    ...(runs ? [`args=${base64(`mesos-master\n${argument ?? ''}`)}`] : []),
    'complete=1\n',
  ].join('\n');
}

/** Every master is on `side`, but the last one, which is as `odd` says. */
function proves(side: EnsembleName, odd: Partial<Seen>): Promise<void> {
  const seenOf = (name: string): Seen => ({ ...on(side), ...(name === config.masters.at(-1)?.name ? odd : {}) });
  const silent = (host: string): NoAnswerError => new NoAnswerError(host, host, 'ssh', false, 'the test');
  const ports = {
    secrets: () => Promise.resolve(null),
    shell: {
      run: (host: HostConfig, _ssh: unknown, script: HostScript) => {
        const seen = seenOf(host.name);
        if (seen.unreachable === true) return Promise.reject(silent(host.name));
        return Promise.resolve({ exitCode: 0, stderr: '', stdout: answer(seen, script) });
      },
    },
    mesos: {
      flags: (base: string) => {
        const master = config.masters.find(({ address, httpPort }) => base === `http://${address}:${String(httpPort)}`);
        const { flag, state } = seenOf(master?.name ?? '');
        return flag === null || state !== 'active' ? Promise.reject(silent(base)) : Promise.resolve({ zk: flag });
      },
    },
  } as unknown as Ports;
  return createMastersOnProof(ports).provesMastersOn({ config, ensemble: side, patienceMs: 50 });
}

describe('the proof that nobody waits behind a door', () => {
  const last = config.masters.at(-1)?.name ?? '';

  for (const [side, other] of [
    ['source', 'target'],
    ['target', 'source'],
  ] as const) {
    it(`is given when every master belongs to ${side}, or is stopped with its URL`, async () => {
      await proves(side, {});
      await proves(side, { state: 'inactive', flag: null });
      // Its environment shows in no command line, and a master behind a firewall of its own answers no flags.
      await proves(side, { argument: null });
      await proves(side, { flag: null });
      await proves(side, { flag: 'file:///etc/mesos/zk' });
    });

    it(`is not given when a master would start on ${other}, or runs there already`, async () => {
      const names = new RegExp(`every master belongs to ${side}.*file of ${last} names ${other}`);
      await assert.rejects(proves(side, { file: urlOf(other) }), names);
      await assert.rejects(proves(side, { file: urlOf(other), state: 'inactive' }), names);
      await assert.rejects(
        proves(side, { flag: urlOf(other), argument: null }),
        new RegExp(`${last} runs with ${other}`),
      );
      await assert.rejects(
        proves(side, { flag: null, argument: `--zk=${urlOf(other)}` }),
        new RegExp(`${last} runs with ${other}`),
      );
    });
  }

  it('takes what is not known for no proof', async () => {
    await assert.rejects(proves('source', { unreachable: true }), /not proved.*did not answer ssh/);
    await assert.rejects(proves('source', { file: null }), /names nothing that can be read/);
    await assert.rejects(proves('source', { file: 'zk://10.9.9.9:2181/mesos' }), /names neither ensemble/);
    await assert.rejects(proves('source', { flag: null, argument: null }), /nothing tells which ensemble/);
    await assert.rejects(proves('source', { state: 'activating' }), /neither proved stopped nor does it run/);
  });
});
