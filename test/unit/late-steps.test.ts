import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { createHostActivities } from '../../activities/hosts/index.js';
import { createActivities, type Ports } from '../../activities/index.js';
import type { HostScript } from '../../src/ports/host-shell.js';
import { BareHost } from '../fakes/bare-host.js';
import { FakeEnsemble, FakeZnodeStore } from '../fakes/fake-znode-store.js';
import { LocalShell } from '../fakes/local-shell.js';
import { aConfig } from '../fakes/plans.js';

const config = aConfig();
const [master] = config.masters;
assert.ok(master);
const access = { ssh: config.ssh, credentials: config.credentials };
const step = (generation: number) => ({ access, fence: { cluster: config.cluster, migration: 'm', generation } });
const over = (shell: unknown, store: unknown = null) =>
  ({ shell, store, secrets: () => Promise.resolve(null) }) as unknown as Ports;
const url = { servers: [{ address: '10.0.0.9', port: 2181 }], path: '/mesos', credentialsOf: 'source' } as const;

describe('a start, at its deadline,', () => {
  const lift = (deadline: number) => ({ ...step(1), host: master, unit: 'u', start: true, deadline });
  const done = { exitCode: 0, stdout: '', stderr: '' };

  it('is called off while it still connects', async () => {
    let sent = false;
    const shell = {
      run: async (_h: unknown, _s: unknown, _script: unknown, signal: AbortSignal) => {
        await delay(300); // a slow handshake
        signal.throwIfAborted();
        sent = true;
        return done;
      },
    };
    const late = createHostActivities(over(shell)).liftHold(lift(Date.now() + 100));
    await assert.rejects(late, { code: 'FERRY_DEADLINE', host: 'm1', retryable: false });
    assert.equal(sent, false);
  });

  it('is withheld on the host itself, when it had to wait there', async () => {
    const host = new BareHost();
    const local = new LocalShell();
    const waits: LocalShell['run'] = (to, ssh, script, signal) =>
      local.run(to, ssh, { ...script, text: `sleep 0.6\n${script.text}` }, signal);
    try {
      await createHostActivities(over(local)).adoptHost({ ...step(1), host: { ...master, root: host.root } });
      const run: LocalShell['run'] = (to, ssh, script) => waits(to, ssh, script, new AbortController().signal);
      const late = { ...lift(Date.now() + 300), host: { ...master, root: host.root } };
      await assert.rejects(createHostActivities(over({ run })).liftHold(late), { code: 'FERRY_DEADLINE' });
      assert.ok(!('up' in host.files()));
      const inTime = { ...late, deadline: Date.now() + 30_000 };
      await createHostActivities(over({ run })).liftHold(inTime);
      assert.ok('up' in host.files());
    } finally {
      host.remove();
    }
  });
});

describe('a step whose worker froze', () => {
  it('sends nothing more once another attempt must have it', async () => {
    const sent: string[] = [];
    const shell = {
      run: (_h: unknown, _s: unknown, { name }: HostScript) => {
        sent.push(name);
        // Nothing runs in this process meanwhile, as when it is stopped.
        if (name === 'read-master-url') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
        return Promise.resolve({ exitCode: 0, stdout: 'text=eng6Ly9oOjIxODEvbWVzb3M=\n', stderr: '' });
      },
    };
    const env = new MockActivityEnvironment({ heartbeatTimeoutMs: 200 });
    const activities = createActivities(over(shell));
    const repoint = env.run(() => activities.repointMaster({ ...step(1), master, url }));
    await assert.rejects(repoint, { code: 'FERRY_GIVEN_UP', host: 'm1' });
    assert.deepEqual(sent, ['read-master-url']);
  });

  it('makes no lock again that was released meanwhile, and removes none', async () => {
    const source = new FakeEnsemble(
      config.source.servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`),
    );
    const store = new FakeZnodeStore([source]);
    const freezing = { now: false };
    const secrets = () => {
      // Nothing runs in this process meanwhile, as when it is stopped.
      if (freezing.now) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      return Promise.resolve(null);
    };
    const activities = createActivities({ ...over(null, store), secrets });
    const late = (attempt: () => Promise<unknown>) =>
      new MockActivityEnvironment({ heartbeatTimeoutMs: 200 }).run(attempt);
    const lock = `/zkferry-${config.cluster}`;
    await activities.acquireLock({ config, migration: 'm' });
    assert.ok(source.entries.has(lock));
    await activities.releaseLock({ config, migration: 'm' });
    freezing.now = true;
    const refused = { code: 'FERRY_GIVEN_UP', host: null };
    await assert.rejects(
      late(() => activities.acquireLock({ config, migration: 'm' })),
      refused,
    );
    await assert.rejects(
      late(() => activities.takeOverLock({ config, migration: 'm', from: 'n' })),
      refused,
    );
    assert.ok(!source.entries.has(lock));
    freezing.now = false;
    await activities.acquireLock({ config, migration: 'm' });
    freezing.now = true;
    await assert.rejects(
      late(() => activities.releaseLock({ config, migration: 'm' })),
      refused,
    );
    assert.ok(source.entries.has(lock));
  });
});

describe('an adoption that comes after the release', () => {
  let host: BareHost;
  beforeEach(() => {
    host = new BareHost();
  });
  afterEach(() => host.remove());
  const on = () => ({ ...master, root: host.root });

  it('leaves nothing behind when it was frozen on the host', async () => {
    const before = host.files();
    const local = new LocalShell();
    const hosts = createHostActivities(over(local));
    const run: LocalShell['run'] = async (to, ssh, script, signal) => {
      const frozen = script.text.replace(/^left='?12000'?$/m, 'left=500');
      assert.notEqual(frozen, script.text);
      return local.run(to, ssh, { ...script, text: `sleep 0.8\n${frozen}` }, signal);
    };
    await hosts.adoptHost({ ...step(1), host: on() });
    await hosts.releaseHost({ ...step(2), host: on(), units: ['u'] });
    const late = createHostActivities(over({ run })).adoptHost({ ...step(1), host: on() });
    await assert.rejects(late, { code: 'FERRY_HOST_STEP', message: /too late/ });
    assert.deepEqual(host.files(), before);
  });

  it('does nothing once the lock is not its migration’s any more', async () => {
    const address = `${config.source.servers[0]?.address ?? ''}:2181`;
    const source = new FakeEnsemble([address]);
    const shell = new LocalShell();
    const hosts = createHostActivities(over(shell, new FakeZnodeStore([source])));
    const adopt = { ...step(1), host: on(), config };
    await assert.rejects(hosts.adoptHost(adopt), { code: 'FERRY_LOCKED' });
    source.put('/zkferry-test', Buffer.from('{"migration":"other"}'), [], 0n);
    await assert.rejects(hosts.adoptHost(adopt));
    assert.deepEqual(shell.journal, []);
    source.put(
      '/zkferry-test',
      Buffer.from('{"migration":"m"}'),
      [{ permissions: 31, scheme: 'world', id: 'anyone' }],
      0n,
    );
    await hosts.adoptHost(adopt);
    assert.deepEqual(shell.journal, ['m1 adopt-host']);
  });
});

describe('the release of a host', () => {
  it('has nothing to do where another migration is, and takes a broken-off adoption away', async () => {
    const host = new BareHost();
    try {
      const hosts = createHostActivities(over(new LocalShell()));
      const on = { ...master, root: host.root };
      const before = host.files();
      await hosts.adoptHost({ ...step(1), host: on });
      const adopted = host.files();
      const other = { access, fence: { cluster: config.cluster, migration: 'other', generation: 9 } };
      await hosts.releaseHost({ ...other, host: on, units: ['u'] });
      assert.deepEqual(host.files(), adopted);
      await hosts.releaseHost({ ...step(2), host: on, units: ['u'] });
      assert.deepEqual(host.files(), before);
      host.write(`var/lib/zkferry/${config.cluster}/lock`, '');
      await hosts.releaseHost({ ...step(2), host: on, units: ['u'] });
      assert.deepEqual(host.files(), before);
    } finally {
      host.remove();
    }
  });
});
