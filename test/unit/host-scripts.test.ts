import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import type { Access, HostActivities, MasterSwapActivities } from '../../activities/contract.js';
import { createHostActivities } from '../../activities/hosts/index.js';
import { toFailure } from '../../activities/interceptor.js';
import type { Ports } from '../../activities/ports.js';
import { pinnedKeys } from '../../src/adapters/known-hosts.js';
import type { AgentConfig, ServerConfig } from '../../src/domain/config.js';
import { FencedError, HostStepError } from '../../src/domain/host-errors.js';
import { shq } from '../../src/domain/shell-quote.js';
import type { HostScript } from '../../src/ports/host-shell.js';

const access: Access = {
  ssh: { port: 22, user: 'o', identity: 'agent', passphrase: null, knownHosts: '/k', sudo: false },
  credentials: { source: 'env:X', target: null, mesos: null, publisher: null },
};
const odd = '/r\'; touch /tmp/owned; $(reboot)" `x` *';
const host = { name: 'h1', address: '10.0.0.1', sshPort: 22, sshUser: 'o', root: odd };
const server: ServerConfig = {
  ...host,
  id: 101,
  clientPort: 2181,
  quorumPort: 2888,
  electionPort: 3888,
  unit: 'zookeeper',
  configFile: '/etc/zoo.cfg',
  dataDir: '/d',
  dataLogDir: '/l',
  owner: 'zk:zk',
};
const agent: AgentConfig = {
  ...host,
  httpPort: 5051,
  unit: 'mesos-slave',
  masterUrl: { kind: 'envFile', path: '/etc/default/mesos-slave', key: 'MASTER' },
};
const step = { access, fence: { cluster: 'c', migration: "m'1", generation: 3 } };
const url = { servers: [{ address: '10.0.0.9', port: 2181 }], path: '/mesos', credentialsOf: 'source' } as const;
const sides = {
  source: { servers: [{ ...server, id: 1 }], reconfigEnabled: false },
  target: { servers: [{ ...server, id: 2 }], reconfigEnabled: true },
};

const calls: Record<string, (hosts: HostActivities & MasterSwapActivities) => Promise<unknown>> = {
  adoptHost: (hosts) => hosts.adoptHost({ ...step, host }),
  releaseHost: (hosts) => hosts.releaseHost({ ...step, host, units: ['a', 'b'] }),
  installObserver: (hosts) => hosts.installObserver({ ...step, ...sides, observer: server, ensemble: 'source' }),
  stopObserver: (hosts) => hosts.stopObserver({ ...step, observer: server, deadline: null }),
  removeObserver: (hosts) => hosts.removeObserver({ ...step, observer: server }),
  parkObserver: (hosts) => hosts.parkObserver({ ...step, ...sides, observer: server }),
  flipObserver: (hosts) => hosts.flipObserver({ ...step, observer: server, to: 'target', deadline: null }),
  discardSetAside: (hosts) => hosts.discardSetAside({ ...step, observer: server }),
  prepareHold: (hosts) => hosts.prepareHold({ ...step, host, unit: 'a' }),
  holdUnit: (hosts) => hosts.holdUnit({ ...step, host, unit: 'a', deadline: null }),
  stopHeld: (hosts) => hosts.stopHeld({ ...step, host, unit: 'a', graceMs: 100, deadline: null }),
  liftHold: (hosts) => hosts.liftHold({ ...step, host, unit: 'a', start: true, deadline: null }),
  repointAgent: (hosts) => hosts.repointAgent({ ...step, agent, url }),
  repointFramework: (hosts) => hosts.repointFramework({ ...step, instance: agent, stop: 'sigkill', url: null }),
  parkMasterUrl: (hosts) => hosts.parkMasterUrl({ ...step, master: agent, url }),
  swapMasterUrl: (hosts) => hosts.swapMasterUrl({ ...step, master: agent, to: 'target' }),
  stopServer: (hosts) => hosts.stopServer({ ...step, server }),
  writeEpoch: (hosts) => hosts.writeEpoch({ ...step, server, epoch: '107' }),
  restoreEpoch: (hosts) => hosts.restoreEpoch({ ...step, server }),
  startServer: (hosts) => hosts.startServer({ ...step, server }),
};

/** Every script that an activity sends while the host answers all is well. */
async function scriptsOf(call: (typeof calls)[string]): Promise<HostScript[]> {
  const sent: HostScript[] = [];
  const answers = 'found=1\nstopped=1\npid=7\nborn=1\ntext=TUFTVEVSPXg=\nchanged=1\nbefore=6\nrestarted=1\nstarted=1\n';
  const shell = {
    run: (_host: unknown, _ssh: unknown, script: HostScript) => {
      sent.push(script);
      // A zoo.cfg that is read must be one.
      const stdout = script.name === 'read-zoo-cfg' ? 'text=\n' : answers;
      return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
    },
  };
  const ports = { shell, secrets: () => Promise.resolve('user:hunter2') } as unknown as Ports;
  await call(createHostActivities(ports));
  return sent;
}

describe('the host scripts', () => {
  for (const [name, call] of Object.entries(calls)) {
    it(`of ${name} are shell, whatever the values hold`, async () => {
      const scripts = await scriptsOf(call);
      assert.ok(scripts.length > 0);
      for (const { text } of scripts) {
        const { status, stderr } = spawnSync('/bin/sh', ['-n'], { input: text, encoding: 'utf8' });
        assert.equal(status, 0, stderr);
      }
    });
  }

  it('take the lock before each effect', async () => {
    const effect =
      /^\s*(systemctl (start|stop|kill|restart|enable)|mv |rm -rf|cp |discard |keep |mark |put |restore |rewrite |write )/m;
    for (const [name, call] of Object.entries(calls)) {
      for (const script of await scriptsOf(call)) {
        // The body begins behind the prologue's last function.
        const body = script.text.slice(script.text.indexOf('\n}\n', script.text.indexOf('\nhold() {')));
        const at = body.search(effect);
        if (at < 0 || name === 'adoptHost') continue;
        assert.match(body.slice(0, at), /^\s*(take_)?lock$/m, `${name}: ${script.name}`);
      }
    }
  });

  it('check every change of a file, for nothing may go on as if it had been made', async () => {
    // The prologue's own functions end with an error by themselves; a rmdir may find the folder in use.
    const change = /^(.*(?:^|[\s{(!&|;])(?:cp|mv|rm|mkdir|chown|chmod|printf .*>) .*)$/;
    for (const [name, call] of Object.entries(calls)) {
      for (const script of await scriptsOf(call)) {
        const lines = script.text.replaceAll(/(&&|\|\|)\n/g, '$1 ').split('\n');
        for (const line of lines.filter((text) => change.test(text) && !/^\s*#/.test(text))) {
          const cleaning =
            /^\s*(\{ )?rm -f "\$(aside|2\.zkferry-new)"/.test(line) || /\{ rm -f "\$state\/lock"; rmdir/.test(line);
          assert.ok(cleaning || /\|\| .*(fail|refuse|return)|\|\| \{$/.test(line), `${name}: ${script.name}: ${line}`);
        }
      }
    }
  });

  it('outside the window go on when the link drops', async () => {
    const detached = [
      'adoptHost',
      'releaseHost',
      'installObserver',
      'repointAgent',
      'repointFramework',
      'writeEpoch',
      'parkMasterUrl',
    ];
    for (const name of detached) {
      const acting = (await scriptsOf(calls[name] ?? assert.fail())).at(-1);
      assert.equal(acting?.detached, true, name);
    }
  });

  it('end with an error that carries host, code and remedy, and no password', async () => {
    const shell = {
      run: () =>
        Promise.resolve({ exitCode: 4, stdout: 'error=cannot write x\n', stderr: 'sh: zk://user:hunter2@h:1/m\n' }),
    };
    const hosts = createHostActivities({ shell, secrets: () => Promise.resolve(null) } as unknown as Ports);
    const error: unknown = await hosts.adoptHost({ ...step, host }).catch((cause: unknown) => cause);
    assert.ok(error instanceof HostStepError);
    assert.doesNotMatch(error.message, /hunter2/);
    const failure = toFailure(error) as { type: string; message: string; nonRetryable: boolean; details: unknown[] };
    assert.equal(failure.type, 'FERRY_HOST_STEP');
    assert.equal(failure.nonRetryable, false);
    assert.deepEqual(failure.details, [{ host: 'h1', remedy: error.remedy }]);
    assert.doesNotMatch(JSON.stringify(failure) + failure.message, /hunter2/);
  });

  it('say that they were fenced off, once and for all', async () => {
    const shell = {
      run: () => Promise.resolve({ exitCode: 75, stdout: 'fenced=generation 3 is older\n', stderr: '' }),
    };
    const hosts = createHostActivities({ shell, secrets: () => Promise.resolve(null) } as unknown as Ports);
    const error: unknown = await hosts.adoptHost({ ...step, host }).catch((cause: unknown) => cause);
    assert.ok(error instanceof FencedError);
    assert.match(error.message, /generation 3 is older/);
    assert.equal((toFailure(error) as { nonRetryable: boolean }).nonRetryable, true);
  });
});

describe('a quoted shell word', () => {
  it('comes out of a real shell as it went in', () => {
    const text = fc
      .array(
        fc.oneof(fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '*', '!', '#', '~', ';', '&', '|'), fc.string()),
      )
      .map((parts) => parts.join('').replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
        const { stdout } = spawnSync('/bin/sh', {
          input: `printf '%s\\0' ${words.map(shq).join(' ')}`,
          encoding: 'utf8',
        });
        assert.deepEqual(stdout.split('\0').slice(0, -1), words);
      }),
      { numRuns: 100 },
    );
  });

  it('cannot hold NUL', () => {
    assert.throws(() => shq('a\0b'), RangeError);
  });
});

describe('known_hosts', () => {
  const key = Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from('abcdef')]).toString('base64');
  const pins = (line: string, address = 'h.example', port = 22): number => pinnedKeys(line, address, port).length;

  it('is read by names, lists, patterns and exceptions', () => {
    assert.equal(pins(`h.example t ${key}`), 1);
    assert.equal(pins(`H.Example t ${key}`), 1);
    assert.equal(pins(`a,h.example,b t ${key} remark`), 1);
    assert.equal(pins(`*.example t ${key}`), 1);
    assert.equal(pins(`*.example,!h.example t ${key}`), 0);
    assert.equal(pins(`hXexample t ${key}`), 0);
    assert.equal(pins(`h.example t ${key}`, 'h.example', 2222), 0);
    assert.equal(pins(`[h.example]:2222 t ${key}`, 'h.example', 2222), 1);
  });

  it('pins nothing by comments, authorities, revoked keys and rubbish', () => {
    assert.equal(pins(`# h.example t ${key}`), 0);
    assert.equal(pins(`@cert-authority h.example t ${key}`), 0);
    assert.equal(pins(`h.example t ${key}\n@revoked * t ${key}`), 0);
    assert.equal(pins('h.example t AAAA\nh.example t'), 0);
  });
});
