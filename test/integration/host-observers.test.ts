import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { HostActivities, ObserverStep } from '../../activities/contract.js';
import type { Ports } from '../../activities/ports.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import { resolveSecret } from '../../src/config/credentials.js';
import type { ServerConfig } from '../../src/domain/config.js';
import { DeadlineError, HostStepError } from '../../src/domain/host-errors.js';
import type { HostShell } from '../../src/ports/host-shell.js';
import { LoneHost, until } from './lone-host.js';

const config = '/etc/zookeeper/conf/zoo.cfg';
const data = 'var/lib/zookeeper';
const logs = 'var/lib/zookeeper-log';

describe('the steps on an observer', function () {
  this.timeout(60_000);
  let lone: LoneHost;
  let shell: SshShell;
  let hosts: HostActivities;
  let observer: ServerConfig;

  const server = (id: number, address: string): ServerConfig => ({
    ...lone.config,
    name: `s${String(id)}`,
    address,
    id,
    clientPort: 2181,
    quorumPort: 2888,
    electionPort: 3888,
    unit: 'zookeeper',
    configFile: config,
    dataDir: '/var/lib/zookeeper',
    dataLogDir: '/var/lib/zookeeper-log',
    owner: null,
  });
  const activitiesOver = (over: HostShell): HostActivities =>
    createHostActivities({ shell: over, secrets: () => Promise.resolve(null) } as unknown as Ports);
  const sides = (n: number): ObserverStep => ({
    ...lone.step(n),
    observer,
    source: { servers: [server(1, '10.0.1.1')], reconfigEnabled: true },
    target: { servers: [server(2, '10.0.2.1')], reconfigEnabled: false },
  });
  const refused = async (work: Promise<unknown>, what: RegExp): Promise<void> => {
    const error: unknown = await work.then(
      () => assert.fail('it succeeded'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof HostStepError, String(error));
    assert.match(error.message, what);
    assert.equal(error.retryable, false);
  };
  const install = (n: number, ensemble: 'source' | 'target') => hosts.installObserver({ ...sides(n), ensemble });
  const flip = (n: number, to: 'source' | 'target', deadline: number | null = null, over = hosts) =>
    over.flipObserver({ ...lone.step(n), observer, to, deadline });
  const stopHeld = (n: number) =>
    hosts.stopHeld({ ...lone.step(n), host: observer, unit: observer.unit, graceMs: 1_000, deadline: null });
  const running = async (): Promise<number> => {
    await until('the server runs', () => lone.host.mainPid('zookeeper') !== null);
    return lone.host.mainPid('zookeeper') ?? 0;
  };
  /** What the running server has in both of its folders. */
  const served = async (): Promise<string> => {
    await running();
    await until('it has data', () => lone.exists(`${data}/version-2/of`) && lone.exists(`${logs}/version-2/of`));
    return `${lone.host.read(`${data}/version-2/of`)}${lone.host.read(`${logs}/version-2/of`)}`;
  };

  beforeEach(async () => {
    lone = await LoneHost.start('127.27.3.1');
    shell = new SshShell(resolveSecret);
    hosts = activitiesOver(shell);
    observer = server(101, lone.config.address);
    // A server that notes in its data whose observer it is, once, as real data would tell.
    const folders = [data, logs].map((folder) => lone.host.path(folder)).join(' ');
    lone.unit(
      'zookeeper',
      [
        `of=$(sed -n 's/^server.[12]=\\([0-9.]*\\).*/\\1/p' '${lone.host.path(config)}')`,
        `for folder in ${folders}; do mkdir -p $folder/version-2; echo "$of" >> $folder/version-2/of; done`,
        'exec sleep 1000',
      ].join('\n'),
    );
    lone.host.write(config, 'tickTime=1500\ndataDir=/var/lib/zookeeper\n# by the distribution\n', 0o640);
    lone.host.makeFolder(data);
    await hosts.adoptHost({ ...lone.step(1), host: lone.config });
  });
  afterEach(async () => {
    shell.close();
    await lone.stop();
  });

  it('installs an observer upon the settings found, and changes nothing the second time', async () => {
    assert.deepEqual(await install(2, 'source'), { changed: true });
    const pid = await running();
    const text = lone.host.read(config);
    assert.match(text, /^tickTime=1500$/m);
    assert.equal(statSync(lone.host.path(config)).mode & 0o777, 0o640);
    assert.match(text, /^server\.1=10\.0\.1\.1:2888:3888$/m);
    assert.match(text, /^server\.101=.*:observer$/m);
    assert.equal(lone.host.read(`${data}/myid`).trim(), '101');
    assert.match(lone.host.read(`${data}/zkferry-ensemble`), /^source m1$/m);
    assert.equal(lone.host.supervisor.unitFileState('zookeeper'), 'enabled');
    // With reconfig, ZooKeeper rewrites its file; that is no reason to begin again.
    lone.host.write(config, `${text}dynamicConfigFile=${config}.dynamic.1\n`);
    assert.deepEqual(await install(2, 'source'), { changed: false });
    assert.equal(lone.host.mainPid('zookeeper'), pid);
  });

  it('refuses a host with data of another server, and one whose server runs', async () => {
    lone.host.write(`${logs}/version-2/log.1`, 'precious');
    const before = lone.files();
    await refused(install(2, 'source'), /version-2 holds data of another server/);
    const after = lone.files();
    assert.equal(after[`${logs}/version-2/log.1`], before[`${logs}/version-2/log.1`]);
    assert.equal(after['etc/zookeeper/conf/zoo.cfg'], before['etc/zookeeper/conf/zoo.cfg']);
    rmSync(lone.host.path(`${logs}/version-2`), { recursive: true });
    await lone.running('zookeeper');
    await refused(install(3, 'source'), /runs already/);
  });

  it('goes from the rehearsal to source only when stopped, and then without the data of target', async () => {
    await install(2, 'target');
    assert.equal(await served(), '10.0.2.1\n10.0.2.1\n');
    await refused(install(3, 'source'), /must be stopped first/);
    await hosts.stopObserver({ ...lone.step(4), observer, deadline: null });
    assert.equal(lone.host.mainPid('zookeeper'), null);
    await install(5, 'source');
    assert.equal(await served(), '10.0.1.1\n10.0.1.1\n');
  });

  it('stays down between rehearsal and source, even over a reboot', async () => {
    await install(2, 'target');
    await running();
    await hosts.stopObserver({ ...lone.step(3), observer, deadline: null });
    await lone.host.reboot();
    void lone.host.supervisor.start('zookeeper');
    assert.equal(lone.host.mainPid('zookeeper'), null);
  });

  describe('once installed and parked', () => {
    beforeEach(async () => {
      await install(2, 'source');
      await served();
      await hosts.parkObserver(sides(3));
    });

    it('is flipped with its old data set aside, and back again', async () => {
      await stopHeld(4);
      const { startedAt } = await flip(5, 'target');
      assert.ok(Math.abs(Date.parse(startedAt) - Date.now()) < 5_000);
      assert.equal(await served(), '10.0.2.1\n10.0.2.1\n');
      const aside = Object.keys(lone.files()).filter((path) => /version-2\.zkferry-source.*\/of$/.test(path));
      assert.equal(aside.length, 2);
      await stopHeld(6);
      await flip(7, 'source');
      assert.equal(await served(), '10.0.1.1\n10.0.1.1\n');
    });

    it('is flipped once, however often it is told, even when ZooKeeper has rewritten its file', async () => {
      await stopHeld(4);
      await flip(5, 'target');
      await served();
      const pid = lone.host.mainPid('zookeeper');
      lone.host.write(config, '# rewritten\n');
      await flip(5, 'target');
      assert.equal(lone.host.mainPid('zookeeper'), pid);
    });

    it('is not flipped while it runs', async () => {
      const pid = lone.host.mainPid('zookeeper');
      await refused(flip(4, 'target'), /must be proved stopped first/);
      assert.equal(lone.host.mainPid('zookeeper'), pid);
    });

    it('is not started at or after the deadline', async () => {
      await stopHeld(4);
      await assert.rejects(flip(5, 'target', Date.now()), DeadlineError);
      assert.equal(lone.host.mainPid('zookeeper'), null);
      assert.match(lone.host.read(`${data}/zkferry-ensemble`), /^source/);
    });

    for (const before of [/^ {2}write "\$to \$migration/m, /^drop_rewritten$/m, /^discard "\$state\/held-\$unit"$/m]) {
      it(`never serves a mix after a crash before ${before.source.replaceAll(/[\\^$]/g, '')}`, async () => {
        const crash = activitiesOver({
          run: (host, ssh, script, signal) => {
            const text = script.text.replace(before, (line) => `kill -9 $$\n${line}`);
            assert.ok(!script.name.startsWith('flip') || text !== script.text);
            return shell.run(host, ssh, { ...script, text }, signal);
          },
        });
        await stopHeld(4);
        await assert.rejects(flip(5, 'target', null, crash));
        assert.equal(lone.host.mainPid('zookeeper'), null);
        await flip(5, 'target');
        assert.equal(await served(), '10.0.2.1\n10.0.2.1\n');
      });
    }

    it('refuses to start data of which nobody says whose it is', async () => {
      await stopHeld(4);
      rmSync(lone.host.path(`${data}/zkferry-ensemble`));
      await refused(flip(5, 'target'), /does not say whose data/);
      assert.equal(lone.host.mainPid('zookeeper'), null);
    });

    it('forgets what was set aside when told so', async () => {
      await stopHeld(4);
      await flip(5, 'target');
      await served();
      await hosts.discardSetAside({ ...lone.step(6), observer });
      await hosts.releaseHost({ ...lone.step(7), host: lone.config, units: ['zookeeper'] });
      const ours = Object.keys(lone.files()).filter((path) => path.includes('zkferry'));
      assert.deepEqual(ours, []);
      assert.equal(await served(), '10.0.2.1\n10.0.2.1\n');
      // A second run, after a lost reply, finds nothing to do.
      await hosts.discardSetAside({ ...lone.step(6), observer });
      await hosts.releaseHost({ ...lone.step(7), host: lone.config, units: ['zookeeper'] });
    });
  });

  it('is removed without a trace', async () => {
    lone.host.write(`${config}.bak`, 'by hand');
    await hosts.releaseHost({ ...lone.step(1), host: lone.config, units: ['zookeeper'] });
    const before = lone.files();
    await hosts.adoptHost({ ...lone.step(1), host: lone.config });
    await install(2, 'source');
    await served();
    await hosts.parkObserver(sides(3));
    await stopHeld(4);
    await flip(5, 'target');
    await served();
    lone.host.write(`${config}.dynamic.100000000`, 'by ZooKeeper');
    await hosts.removeObserver({ ...lone.step(6), observer });
    await hosts.removeObserver({ ...lone.step(6), observer });
    await hosts.releaseHost({ ...lone.step(7), host: lone.config, units: ['zookeeper'] });
    await hosts.removeObserver({ ...lone.step(6), observer });
    assert.deepEqual(lone.files(), before);
    assert.equal(lone.host.mainPid('zookeeper'), null);
    assert.equal(lone.host.supervisor.unitFileState('zookeeper'), 'disabled');
  });

  it('removes nothing where none was installed', async () => {
    const pid = await lone.running('zookeeper');
    await hosts.removeObserver({ ...lone.step(2), observer });
    assert.equal(lone.host.mainPid('zookeeper'), pid);
    assert.ok(lone.exists(`${data}/version-2`));
  });
});
