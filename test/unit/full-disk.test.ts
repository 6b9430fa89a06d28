import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import type { HostScript } from '../../src/ports/host-shell.js';
import { BareHost } from '../fakes/bare-host.js';
import { LocalShell } from '../fakes/local-shell.js';
import { aConfig } from '../fakes/plans.js';

const config = aConfig();
const access = { ssh: config.ssh, credentials: config.credentials };
const step = (generation: number) => ({ access, fence: { cluster: 'c', migration: 'm', generation } });
const sides = {
  source: { servers: config.source.servers, reconfigEnabled: false },
  target: { servers: config.target.servers, reconfigEnabled: false },
};
/** Every script goes through `change` before it is run. */
const hostsOver = (change: (script: HostScript) => string = ({ text }) => text) => {
  const local = new LocalShell();
  const run: LocalShell['run'] = (host, ssh, script, signal) =>
    local.run(host, ssh, { ...script, text: change(script) }, signal);
  return createHostActivities({ shell: { run }, secrets: () => Promise.resolve(null) } as unknown as Ports);
};
/** No byte can be written to any file, as on a full disk; files can still be made, moved and removed. */
const full = ({ text }: HostScript) => `trap '' XFSZ\nulimit -f 0\n${text}`;

describe('a host whose disk is full', function () {
  this.timeout(60_000);
  let host: BareHost;
  beforeEach(() => {
    host = new BareHost();
  });
  afterEach(() => host.remove());

  const observer = () => ({ ...(config.observers[0] ?? assert.fail()), root: host.root });

  it('can still be stopped and held', async function () {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', host.root]);
    } catch {
      this.skip();
    }
    try {
      const full = new BareHost(host.root);
      const hosts = hostsOver();
      await hosts.adoptHost({ ...step(1), host: observer() });
      await hosts.prepareHold({ ...step(2), host: observer(), unit: 'zookeeper' });
      full.write('up', '');
      // The observer of target syncs, and fills the disk.
      execFileSync('sh', ['-c', `dd if=/dev/zero of=${host.root}/fill bs=1k 2>/dev/null; true`]);
      const stop = { host: observer(), unit: 'zookeeper', graceMs: 200, deadline: null };
      assert.ok((await hosts.stopHeld({ ...step(3), ...stop })).tookMs >= 0);
      await assert.rejects(hosts.stopHeld({ ...step(2), ...stop }), { code: 'FERRY_FENCED' });
      assert.ok('var/lib/zkferry/c/held-zookeeper' in full.files());
    } finally {
      execFileSync('umount', [host.root]);
    }
  });

  it('remembers the stage it was stopped in by a name alone', async () => {
    const [hosts, cramped] = [hostsOver(), hostsOver(full)];
    const before = host.files();
    await hosts.adoptHost({ ...step(1), host: observer() });
    await hosts.prepareHold({ ...step(2), host: observer(), unit: 'zookeeper' });
    host.write('up', '');
    const on = { host: observer(), unit: 'zookeeper', deadline: null };
    await cramped.stopHeld({ ...step(3), ...on, graceMs: 200 });
    await assert.rejects(hosts.liftHold({ ...step(2), ...on, start: true }), { code: 'FERRY_FENCED' });
    await cramped.liftHold({ ...step(4), ...on, start: true });
    assert.ok('up' in host.files());
    await assert.rejects(hosts.adoptHost({ ...step(3), host: observer() }), { code: 'FERRY_FENCED' });
    await hosts.stopHeld({ ...step(5), ...on, graceMs: 200 });
    assert.equal(host.files()['var/lib/zkferry/c/generation'], 'm 5\n');
    await cramped.liftHold({ ...step(6), ...on, start: false });
    await cramped.releaseHost({ ...step(7), host: observer(), units: ['zookeeper'] });
    assert.deepEqual(host.files(), before);
  });

  describe('as an observer', () => {
    let before: Record<string, string>;
    beforeEach(async () => {
      host.write('etc/zookeeper/conf/zoo.cfg', 'dataDir=/var/lib/zookeeper\n# of the operator\n');
      host.write('etc/zookeeper/conf/zoo.cfg.bak', 'by hand');
      host.write('var/lib/zookeeper/myid', '7\n');
      before = host.files();
      await hostsOver().adoptHost({ ...step(1), host: observer() });
      await hostsOver().installObserver({ ...step(2), ...sides, observer: observer(), ensemble: 'source' });
    });
    const leave = async (generation: number): Promise<void> => {
      await hostsOver().removeObserver({ ...step(generation), observer: observer() });
      await hostsOver().releaseHost({ ...step(generation), host: observer(), units: ['zookeeper'] });
    };

    it('keeps what was found until it is put back', async () => {
      await hostsOver().stopObserver({ ...step(2), observer: observer(), deadline: null });
      await assert.rejects(hostsOver(full).removeObserver({ ...step(2), observer: observer() }), {
        code: 'FERRY_HOST_STEP',
        message: /cannot write .*zoo\.cfg/,
      });
      assert.match(host.files()['var/lib/zkferry/c/zoo.cfg-zookeeper'] ?? '', /of the operator/);
      await leave(3);
      assert.deepEqual(host.files(), before);
    });

    it('starts no observer whose files could not be written', async () => {
      await hostsOver().stopObserver({ ...step(3), observer: observer(), deadline: null });
      await hostsOver().parkObserver({ ...step(4), ...sides, observer: observer() });
      const flip = { observer: observer(), to: 'target' as const, deadline: null };
      await assert.rejects(hostsOver(full).flipObserver({ ...step(4), ...flip }), { code: 'FERRY_HOST_STEP' });
      assert.ok(!('up' in host.files()));
    });

    it('is left as it was found, whatever line of the removal a crash came before', async () => {
      const act = /^ *(discard|restore|mv|case|\[ ! -f "\$state\/no-)/;
      for (let crash = 0, crashed = true; crashed; crash += 1) {
        crashed = false;
        const hosts = hostsOver(({ name, text }) => {
          if (name !== 'remove-observer') return text;
          let seen = -1;
          const lines = text.split('\n');
          const body = lines.indexOf('lock');
          return lines
            .map((line, at) => {
              if (at < body || !act.test(line)) return line;
              seen += 1;
              if (seen !== crash) return line;
              crashed = true;
              return `kill -9 $$\n${line}`;
            })
            .join('\n');
        });
        const first = hosts.removeObserver({ ...step(3), observer: observer() });
        const ended = await first.then(
          () => 'done',
          () => 'crashed',
        );
        assert.equal(ended, crashed ? 'crashed' : 'done');
        await leave(4);
        assert.deepEqual(host.files(), before, `after a crash before act ${String(crash)}`);
        await hostsOver().adoptHost({ ...step(1), host: observer() });
        await hostsOver().installObserver({ ...step(2), ...sides, observer: observer(), ensemble: 'source' });
      }
    });
  });
});
