import assert from 'node:assert/strict';
import type { Ports } from '../../activities/ports.js';
import { createMastersOnProof } from '../../activities/publishing/masters-on.js';
import type { EnsembleName } from '../../activities/contract.js';
import type { HostConfig } from '../../src/domain/config.js';
import { HostUnreachableError, UnknownOutcomeError } from '../../src/domain/host-errors.js';
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
  readonly hung?: boolean;
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

/** Every master is on `side`, but the last one, which is as `odd` says, and the first, which is as `first` does. */
function proves(
  side: EnsembleName,
  odd: Partial<Seen>,
  { passOver, first = {} }: { passOver?: readonly string[]; first?: Partial<Seen> } = {},
): Promise<void> {
  const seenOf = (name: string): Seen => ({
    ...on(side),
    ...(name === config.masters[0]?.name ? first : {}),
    ...(name === config.masters.at(-1)?.name ? odd : {}),
  });
  const silent = (host: string): NoAnswerError => new NoAnswerError(host, host, 'ssh', false, 'the test');
  const ports = {
    secrets: () => Promise.resolve(null),
    shell: {
      run: (host: HostConfig, _ssh: unknown, script: HostScript) => {
        const seen = seenOf(host.name);
        if (seen.unreachable === true) return Promise.reject(new HostUnreachableError(host, 'no route to host'));
        if (seen.hung === true) return Promise.reject(new UnknownOutcomeError(host, script.name, 'no end'));
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
  return createMastersOnProof(ports).provesMastersOn({
    config,
    ensemble: side,
    patienceMs: 50,
    ...(passOver === undefined ? {} : { passOver }),
  });
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
    await assert.rejects(proves('source', { unreachable: true }), /not proved.*cannot be reached by ssh/);
    await assert.rejects(proves('source', { file: null }), /names nothing that can be read/);
    await assert.rejects(proves('source', { file: 'zk://10.9.9.9:2181/mesos' }), /names neither ensemble/);
    await assert.rejects(proves('source', { flag: null, argument: null }), /nothing tells which ensemble/);
    await assert.rejects(proves('source', { state: 'activating' }), /neither proved stopped nor does it run/);
    await assert.rejects(proves('source', { hung: true }), { code: 'FERRY_NOT_PROVED' });
  });

  const dead: Partial<Seen> = { unreachable: true, flag: null };
  const first = config.masters[0]?.name ?? '';

  it('tells hosts that cannot be reached from everything else that speaks against it', async () => {
    await assert.rejects(proves('target', dead), { code: 'FERRY_MASTERS_UNSEEN', hosts: [last] });
    const both = { code: 'FERRY_MASTERS_UNSEEN', hosts: [first, last] };
    await assert.rejects(proves('target', dead, { first: dead }), both);
    const also = [{ file: urlOf('source') }, { flag: urlOf('source'), argument: null }, { hung: true }];
    for (const wrong of also) {
      await assert.rejects(proves('target', dead, { first: wrong }), { code: 'FERRY_NOT_PROVED' });
    }
    // Out of ssh's reach, but it runs, and says with what.
    const runs = { code: 'FERRY_NOT_PROVED', message: new RegExp(`${last} runs with source`) };
    await assert.rejects(proves('target', { ...dead, flag: urlOf('source') }), runs);
  });

  it('passes over exactly those that are vouched for, for as long as they cannot be reached', async () => {
    await proves('target', dead, { passOver: [last] });
    const other = { code: 'FERRY_MASTERS_UNSEEN', hosts: [first] };
    await assert.rejects(proves('target', dead, { passOver: [last], first: dead }), other);
    const back = { code: 'FERRY_NOT_PROVED', message: new RegExp(`file of ${last} names source`) };
    await assert.rejects(proves('target', { file: urlOf('source') }, { passOver: [last] }), back);
    const runs = { code: 'FERRY_NOT_PROVED', message: new RegExp(`${last} runs with source`) };
    await assert.rejects(proves('target', { ...dead, flag: urlOf('source') }, { passOver: [last] }), runs);
  });
});
